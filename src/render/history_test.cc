#include "render/history.h"

#include <gtest/gtest.h>

#include <string>

#include "render/history_curve.h"
#include "render/layout.h"

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
  history.events.push_back({history_start_ms + 98'000, 0, record::Kind::kmsg, 0, 0, 0, "killed"});
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
  const record::History history = small_history();
  const HistoryView view{.history = history,
                         .store = "/ring",
                         .running_boot = "",
                         .segments = 3,
                         .bytes = Bytes(5000),
                         .first_ms = history_start_ms,
                         .last_ms = history_start_ms + 99'000};
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

}  // namespace
}  // namespace whyoom::render
