#include "render/history.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "render/history_curve.h"
#include "render/layout.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

constexpr std::int64_t history_start_ms = 1'764'000'000'000;  // 2025-11-24 16:00:00Z

record::History small_history() {
  record::History history;
  record::HistoryBoot boot;
  boot.id = "one";
  boot.samples = 100;
  boot.ram = Bytes(1000);
  boot.first_ms = history_start_ms;
  boot.last_ms = history_start_ms + 99'000;
  history.boots.push_back(boot);
  record::CgroupCurve curve;
  curve.path = "/system.slice/a<b>.service";
  curve.peak = Bytes(400);
  for (std::int64_t i = 0; i < 100; ++i) {
    record::HistoryPoint point;
    point.real_ms = history_start_ms + i * 1000;
    point.available = Bytes(1000 - static_cast<std::uint64_t>(i) * 10);
    point.free = point.available;
    point.reach = Bytes(200);
    history.points.push_back(point);
    if (i >= 50) {
      curve.points.push_back({point.real_ms, Bytes(i == 70 ? 400 : 100)});
    }
  }
  history.cgroups.push_back(curve);
  history.events.push_back({history_start_ms + 98'000, record::Kind::kmsg, "killed"});
  return history;
}

TEST(HistoryCurve, OfACgroupStandsBelowThatOfTheMachine) {
  const record::History history = small_history();
  const auto parts = slices(history, history.cgroups[0], 10);
  EXPECT_FALSE(parts[0]);
  ASSERT_TRUE(parts[6]);
  EXPECT_EQ(parts[6]->memory, Bytes(400));
  EXPECT_EQ(parts[8]->memory, Bytes(100));
  const HistoryView view{.history = history, .store = "/ring", .running_boot = ""};
  const std::string text = to_text(history_document(view, 80), {.width = 80});
  EXPECT_NE(text.find("cgroup1    |     "), std::string::npos) << text;
  EXPECT_NE(text.find("@"), std::string::npos) << text;
  EXPECT_NE(text.find("1: cgroup /system.slice/a<b>.service, "), std::string::npos) << text;
}

TEST(HistoryPage, HasTheCurveAndNoMarkupOfOthers) {
  record::History history = small_history();
  history.segments = 3;
  history.bytes = Bytes(5000);
  history.first_ms = history_start_ms;
  history.last_ms = history_start_ms + 99'000;
  const HistoryView view{.history = history, .store = "/ring", .running_boot = ""};
  const std::string page = html_history(view);
  EXPECT_EQ(page.find("a<b>"), std::string::npos);
  EXPECT_NE(page.find("a&lt;b&gt;"), std::string::npos);
  EXPECT_NE(page.find("class=\"killed\""), std::string::npos);
  EXPECT_NE(page.find("The ring: "), std::string::npos);
  EXPECT_NE(page.find("3 segments, from 2025-11-24 16:00:00Z"), std::string::npos);
  // Falling from all to nothing: heights from 0 to the bottom.
  EXPECT_NE(page.find("<rect class=\"available\" x=\"0\" y=\"0\""), std::string::npos);
  EXPECT_EQ(page.find("=\"nan"), std::string::npos);
  EXPECT_EQ(page.find("=\"-nan"), std::string::npos);
}

TEST(HistoryPage, FullestCgroupsAreATree) {
  record::History history = small_history();
  std::vector<record::FullGroup>& groups = history.boots[0].cgroups;
  groups.resize(2);
  groups[0].path = "/system.slice/db.service";
  groups[0].memory = Bytes(std::uint64_t{900} << 20U);
  groups[0].memory_max = Bytes(std::uint64_t{1} << 30U);
  groups[0].pid = 7;
  groups[0].process = "db";
  groups[0].size = Bytes(std::uint64_t{800} << 20U);
  groups[1].path = "/system.slice/web.service";
  groups[1].pids = 9;
  groups[1].pids_max = 10;
  const HistoryView view{.history = history, .store = "/ring", .running_boot = ""};
  const std::string page = html_history(view);
  const std::string tree = page.substr(page.find("class=\"tree\""));
  EXPECT_NE(tree.find("db.service</span><p class=\"size\"><svg"), std::string::npos) << tree;
  EXPECT_NE(tree.find("900 MiB of 1 GiB"), std::string::npos) << tree;
  EXPECT_NE(tree.find("biggest: db (pid 7), 800 MiB"), std::string::npos) << tree;
  EXPECT_NE(tree.find("9 of 10 tasks"), std::string::npos) << tree;
}

TEST(HistoryPage, WithoutSamplesSaysSo) {
  const record::History history;
  const HistoryView view{.history = history, .store = "/ring", .running_boot = ""};
  const std::string page = html_history(view);
  EXPECT_NE(page.find("No samples in /ring"), std::string::npos);
  EXPECT_EQ(page.find("<svg"), std::string::npos);
}

HistoryView view_of(const record::History& history) {
  return {.history = history, .store = "/ring", .running_boot = "two"};
}

TEST(HistoryText, EventsOfTheRecorder) {
  record::History history = small_history();
  for (int i = 0; i < 20; ++i) {
    history.events.push_back({history_start_ms + i, record::Kind::setting,
                              "vm.swappiness is \x1b[31m" + std::to_string(i)});
  }
  const std::string text = to_text(history_document(view_of(history), 0), {.width = 200});
  EXPECT_NE(text.find("\nEvents\n  1 older ones are left out; --format json has all\n"
                      "  2025-11-24 16:00:00Z vm.swappiness is \\x1b[31m0\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("Z killed\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nBoot one, kernel\n  2025-11-24 16:00:00Z to 2025-11-24 16:01:39Z, 100 "
                      "samples, 0 messages of the kernel; ended without a mark"),
            std::string::npos)
      << text;
  history.boots[0].ended_in_order = true;
  EXPECT_NE(to_text(history_document(view_of(history), 0), {.width = 200})
                .find("; the recorder was ended in order\n"),
            std::string::npos);
  history.boots[0].ended_in_order = false;
  history.boots[0].id = "two";
  EXPECT_NE(to_text(history_document(view_of(history), 0), {.width = 200}).find("; goes on\n"),
            std::string::npos);
}

// An event of the log has its cause; the recorder's own line of it is not said again.
TEST(HistoryText, ReportsOfTheKernelStandFirst) {
  const record::History history = small_history();
  const auto event = sample::min_free_event();
  const auto cut = sample::cut_event();
  HistoryView view = view_of(history);
  view.events = {event.get(), cut.get()};
  const std::string text = to_text(history_document(view, 0), {.width = 100});
  EXPECT_NE(text.find("\nWhat the kernel reported\n"
                      "  [6.580963] out of memory, killed hog (pid 137); min-free-too-high\n"
                      "  dmesg.log:7 out of memory, killed hog (pid 137); cause undetermined\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("Events\n"), std::string::npos) << text;
}

TEST(HistoryText, SaysWhatIsMissing) {
  record::History history = small_history();
  history.account.damages = 2;
  history.account.damaged_bytes = 1024;
  history.account.lost_samples = 1;
  history.account.unknown = 3;
  history.cut = true;
  history.gaps.assign(6, {history_start_ms, history_start_ms + 90'000});
  const std::string text = to_text(history_document(view_of(history), 0), {.width = 120});
  EXPECT_NE(text.find("damaged: 2 places of the ring (1 KiB); 1 sample is lost, the rest was read\n"
                      "newer: a newer whyoom wrote parts of this; 3 records are not understood\n"
                      "cut: there is more than is shown; give a later --since\n"
                      "gap: no sample for 1 min 30 s, from 2025-11-24 16:00:00Z\n"),
            std::string::npos)
      << text;
  const record::History empty;
  EXPECT_EQ(to_text(history_document(view_of(empty), 0), {.width = 120}),
            "No samples in /ring. `whyoom watch` records them; `whyoom watch --once` takes one\n");
}

TEST(HistoryText, FullestCgroups) {
  record::History history = small_history();
  std::vector<record::FullGroup>& groups = history.boots[0].cgroups;
  groups.resize(4);
  groups[0].path = "/jail";
  groups[0].memory = Bytes(std::uint64_t{900} << 20U);
  groups[0].memory_max = Bytes(std::uint64_t{1} << 30U);
  groups[0].pids = 9;
  groups[0].pid = 7;
  groups[0].process = "db";
  groups[0].size = Bytes(std::uint64_t{800} << 20U);
  groups[1].path = "/tasks";
  groups[1].pids = 9;
  groups[1].pids_max = 10;
  groups[3].path = "/fourth";
  const std::string text = to_text(history_document(view_of(history), 80), {.width = 120});
  EXPECT_NE(text.find("  cgroup /jail: 900 MiB of 1 GiB, 9 tasks; biggest db (pid 7), 800 MiB\n"
                      "  cgroup /tasks: 9 of 10 tasks\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("/fourth"), std::string::npos) << text;
}

TEST(HistoryJson, HasWhatTheTextHas) {
  record::History history = small_history();
  history.boots[0].cgroups.resize(2);
  history.boots[0].cgroups[0].path = "/jail";
  history.boots[0].cgroups[0].pid = 7;
  history.boots[0].cgroups[0].process = "db";
  history.boots[0].cgroups[0].size = Bytes(800);
  history.gaps.push_back({history_start_ms, history_start_ms + 90'000});
  history.account.samples = 100;
  using record::Kind;
  const std::pair<Kind, const char*> kinds[] = {
      {Kind::kill, "silent-kill"}, {Kind::kmsg_gap, "messages-lost"}, {Kind::setting, "setting"},
      {Kind::warning, "warning"},  {Kind::clock, "clock-set"},        {Kind::asleep, "asleep"},
      {Kind::stopped, "stopped"},  {Kind::trouble, "trouble"}};
  for (const auto& [kind, text] : kinds) {
    history.events.push_back({history_start_ms, kind, text});
  }
  const auto event = sample::min_free_event();
  HistoryView view = view_of(history);
  view.events = {event.get()};
  const auto json = nlohmann::json::parse(json_history(view));
  EXPECT_EQ(json["boots"][0]["boot"], "one");
  EXPECT_EQ(json["boots"][0]["kernel"], nullptr);
  EXPECT_EQ(json["boots"][0]["from"], "2025-11-24 16:00:00Z");
  EXPECT_EQ(json["boots"][0]["end"], "no-mark");
  EXPECT_EQ(json["boots"][0]["cgroups"][0]["biggest"],
            nlohmann::json::parse(R"({"pid": 7, "name": "db", "size": 800})"));
  EXPECT_EQ(json["boots"][0]["cgroups"][1]["biggest"], nullptr);
  EXPECT_EQ(json["curve"].front()["available"], 1000);
  EXPECT_EQ(json["curve"].back()["available"], 10);
  EXPECT_EQ(json["curve"].back()["out_of_reach"], 200);
  EXPECT_EQ(json["cgroups"][0]["peak"], 400);
  EXPECT_EQ(json["cgroups"][0]["memory_max"], nullptr);
  EXPECT_EQ(json["events"][0]["kind"], "kill");
  for (std::size_t i = 0; i < std::size(kinds); ++i) {
    EXPECT_EQ(json["events"][i + 1]["kind"], kinds[i].second);
  }
  EXPECT_EQ(json["reports"][0]["root_cause"], "min-free-too-high");
  EXPECT_EQ(json["gaps"][0]["to"], "2025-11-24 16:01:30Z");
  EXPECT_EQ(json["ring"]["from"], nullptr);
  EXPECT_EQ(json["ring"]["samples"], 100);
  history.boots[0].id = "two";
  EXPECT_EQ(nlohmann::json::parse(json_history(view))["boots"][0]["end"], "running");
}

}  // namespace
}  // namespace whyoom::render
