#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "render/render.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

using Json = nlohmann::json;

Json parsed(const diagnose::Event& event) { return Json::parse(json_event(event, false)); }

TEST(JsonEvent, SizesAreBytes) {
  const auto json = parsed(*sample::min_free_event());
  EXPECT_EQ(json["kind"], "oom-kill");
  EXPECT_EQ(json["source"],
            Json::parse(R"({"file":"dmesg.log","first_line":412,"last_line":491})"));
  EXPECT_EQ(json["time"], Json::parse(R"({"monotonic":6.580963,"wall":null})"));
  EXPECT_EQ(json["complete"], true);
  EXPECT_EQ(json["unverified"], false);
  EXPECT_EQ(json["unverified_why"], nullptr);
  EXPECT_EQ(json["constraint"], "none");
  EXPECT_EQ(json["outcome"], "killed");
  EXPECT_EQ(json["zones"][1]["min"], 789252 * 1024);
  EXPECT_EQ(json["zones"][0]["lowmem_reserve"], Json::parse("[0,3944448,3944448,3944448,3944448]"));
  EXPECT_EQ(json["zones"][1]["free_blocks"][1],
            Json::parse(R"({"order":10,"count":191,"types":"M"})"));
  EXPECT_EQ(json["victims"][0]["total_vm"], 185671680);
  EXPECT_EQ(json["memory"]["page_size"], 4096);
  EXPECT_EQ(json["memory"]["anon"], 176484 * 1024);
  EXPECT_EQ(json["memory"]["swap_total"], 0);
  EXPECT_EQ(json["tasks"]["count"], 2);
  EXPECT_EQ(json["tasks"]["top"][0]["comm"], "hog");  // the bigger one, though it stands second
  EXPECT_EQ(json["tasks"]["top"][0]["rss"], 44226 * 4096);
}

TEST(JsonEvent, SaysWhoElseCouldHaveWrittenIt) {
  auto event = sample::min_free_event();
  event->report.unverified = Message("a program wrote {}", "them");
  const auto json = parsed(*event);
  EXPECT_EQ(json["unverified"], true);
  EXPECT_EQ(json["unverified_why"], "a program wrote them");
}

TEST(JsonEvent, TriggerHasMaskNamesAndOrder) {
  EXPECT_EQ(parsed(*sample::min_free_event())["trigger"], Json::parse(R"({
    "comm": "init", "pid": 1, "gfp_mask": "0x400dc0",
    "gfp_flags": ["GFP_KERNEL_ACCOUNT", "__GFP_ZERO"], "order": 1, "oom_score_adj": 0,
    "killed_at": null})"));
  auto event = sample::min_free_event();
  event->killed_at = {0, 77};
  EXPECT_EQ(parsed(*event)["trigger"]["killed_at"], "dmesg.log:77");
}

TEST(JsonEvent, FactsOfLinesThatAreAnEventByThemselves) {
  auto event = sample::min_free_event();
  report::LimitReached& limit = event->report.limit_reached.emplace();
  limit.what = report::LimitReached::What::cma;
  limit.name = "reserved";
  limit.pages = 8192;
  limit.error = -12;
  limit.count = 3;
  report::SlubFailure& slub = event->report.slub.emplace();
  slub.cache = "things";
  slub.object_size = 32;
  slub.default_order = 3;
  slub.node = -1;
  slub.nodes = {{0, 5, 640, 2, {}}};
  event->report.vmalloc.emplace().bytes = 4096;
  const auto json = parsed(*event);
  EXPECT_EQ(json["limit"], Json::parse(R"({"what": "cma", "name": "reserved", "limit": null,
    "used": null, "bytes": null, "pages": 8192, "error": -12, "count": 3})"));
  EXPECT_EQ(json["slub"], Json::parse(R"({"cache": "things", "cgroup": null, "object_size": 32,
    "buffer_size": null, "default_order": 3, "min_order": null, "count": 1, "node": -1,
    "nodes": [{"node": 0, "slabs": 5, "objects": 640, "free": 2}]})"));
  EXPECT_EQ(json["vmalloc"], Json::parse(R"({"bytes": 4096, "reason": null})"));
  EXPECT_FALSE(parsed(*sample::min_free_event()).contains("limit"));
}

TEST(JsonEvent, NamesOfPanicsAndConstraints) {
  using Reason = report::Panic::Reason;
  const std::pair<Reason, Json> reasons[] = {
      {Reason::none, nullptr},
      {Reason::panic_on_oom_system_wide, "panic-on-oom"},
      {Reason::panic_on_oom_compulsory, "panic-on-oom-always"},
      {Reason::deadlocked, "deadlocked"},
      {Reason::no_killable, "no-killable-process"}};
  auto event = sample::min_free_event();
  for (const auto& [reason, text] : reasons) {
    event->report.panic.emplace().reason = reason;
    EXPECT_EQ(parsed(*event)["panic"]["reason"], text);
  }
  using report::ConstraintKind;
  const std::pair<ConstraintKind, const char*> constraints[] = {
      {ConstraintKind::none, "none"},
      {ConstraintKind::memcg, "memcg"},
      {ConstraintKind::cpuset, "cpuset"},
      {ConstraintKind::mempolicy, "mempolicy"}};
  for (const auto& [kind, text] : constraints) {
    event->report.constraint->kind = kind;
    event->evidence.constraint = kind;
    EXPECT_EQ(parsed(*event)["constraint"], text);
  }
}

TEST(JsonEvent, WhatWouldTurnItOverAndWhatIsLeftOpen) {
  auto event = sample::min_free_event();
  event->overturned_by = {{Message("pages RAM"), Message("it was above {}", "40 GiB")}};
  event->candidates = {{"a", Message("the zones")}};
  const auto json = parsed(*event);
  EXPECT_EQ(json["overturned_by"],
            Json::parse(R"([{"what": "pages RAM", "if": "it was above 40 GiB"}])"));
  EXPECT_EQ(json["candidates"], Json::parse(R"([{"cause": "a", "decides": "the zones"}])"));
}

TEST(JsonEvent, FlagsThatNobodyCanNameAreNull) {
  auto event = sample::min_free_event();
  event->report.trigger->gfp->names.clear();
  EXPECT_TRUE(parsed(*event)["trigger"]["gfp_flags"].is_null());
  event->report.trigger->gfp->mask = 0;
  EXPECT_EQ(parsed(*event)["trigger"]["gfp_flags"], Json::array());
  EXPECT_EQ(parsed(*event)["trigger"]["gfp_mask"], "0x0");
}

TEST(JsonEvent, FindingsKeepTheirNumbersAndPlaces) {
  const auto json = parsed(*sample::min_free_event());
  EXPECT_EQ(json["root_cause"], "min-free-too-high");
  const auto& root = json["findings"][0];
  EXPECT_EQ(root["role"], "root");
  EXPECT_EQ(root["evidence"][0], Json::parse(R"({"what":"free memory of zone DMA32",
    "value":806592512,"unit":"bytes","at":"dmesg.log:454"})"));
  EXPECT_TRUE(root["evidence"][2]["at"].is_null());  // computed
  EXPECT_EQ(root["remedies"][0], Json::parse(R"({
    "title":"Set vm.min_free_kbytes to the kernel's own choice",
    "setting":{"key":"vm.min_free_kbytes","value":45056},
    "commands":["whyoom fix vm.min_free_kbytes=45056"],
    "argv":[["whyoom","fix","vm.min_free_kbytes=45056"]],
    "gives_back":null,
    "what_if":null})"));
  EXPECT_EQ(json["findings"][2]["role"], "ruled-out");
}

TEST(JsonEvent, AbsentFactsAreNull) {
  const auto json = parsed(*sample::cut_event());
  EXPECT_EQ(json["complete"], false);
  for (const char* key : {"trigger", "memcg", "memory", "tasks", "constraint", "host"}) {
    EXPECT_TRUE(json.at(key).is_null()) << key;
  }
  EXPECT_TRUE(json["kernel"]["release"].is_null());
  EXPECT_EQ(json["zones"], Json::array());
  EXPECT_EQ(json["root_cause"], "undetermined");
  EXPECT_FALSE(json.contains("panic"));
}

TEST(JsonEvent, PagesStayUnknownWithoutAPageSize) {
  auto event = sample::min_free_event();
  event->evidence.page_size_known = false;
  const auto json = parsed(*event);
  EXPECT_TRUE(json["memory"]["page_size"].is_null());
  EXPECT_TRUE(json["memory"]["ram"].is_null());
  EXPECT_TRUE(json["tasks"]["top"][0]["rss"].is_null());
  EXPECT_TRUE(json["zones"][0]["lowmem_reserve"].is_null());
  EXPECT_EQ(json["tasks"]["top"][0]["pgtables"], 401408);  // printed in bytes
}

TEST(JsonEvent, NoLimitIsNull) {
  const auto memcg = parsed(*sample::memcg_event())["memcg"];
  EXPECT_EQ(memcg["limit"], 51200 * 1024);
  EXPECT_EQ(memcg["swap_usage"], 0);
  EXPECT_TRUE(memcg["swap_limit"].is_null());
  EXPECT_EQ(memcg["failcnt"], 34);
  EXPECT_EQ(memcg["stats"], Json::parse(R"({"anon":50331648,"file":1048576})"));
}

TEST(JsonEvent, LimitsNearTheTopAreNoLimit) {
  auto event = sample::memcg_event();
  auto& limit = event->report.memcg->memory.limit_kib->value;
  for (const std::uint64_t kib : {9007199254740988ULL, 18014398509481983ULL, 8589934588ULL}) {
    limit = kib;
    EXPECT_TRUE(parsed(*event)["memcg"]["limit"].is_null()) << kib;
  }
  limit = 8589934592ULL;  // 8 TiB is a limit
  EXPECT_EQ(parsed(*event)["memcg"]["limit"], 8589934592ULL * 1024);
}

TEST(JsonEvent, OfALogThatWasTurnedALineIsThatOfTheFile) {
  auto event = sample::min_free_event();
  event->report.turned_lines = 500;
  event->report.damage = {{420, "x"}};
  event->findings[0].proof[0].at = {0, 412};
  event->evidence.report = &event->report;
  const auto json = parsed(*event);
  EXPECT_EQ(json["source"], Json::parse(R"({"file":"dmesg.log","first_line":10,"last_line":89})"));
  EXPECT_EQ(json["damage"][0]["at"], "dmesg.log:81");
  EXPECT_EQ(json["findings"][0]["evidence"][0]["at"], "dmesg.log:89");
}

TEST(JsonEvent, KindsCarryTheirOwnFacts) {
  diagnose::Event event;
  event.report.kind = report::Kind::fork_rejected;
  event.report.fork_rejected = report::ForkRejected{"/a", 3, {}};
  event.report.overcommit = report::OvercommitRefused{{{"hog", 7, 4096, {}}}, 2};
  event.report.userspace = report::UserspaceKill{};
  event.report.userspace->killer = "earlyoom";
  event.report.userspace->mem_available_percent = 9.5;
  const auto json = parsed(event);
  EXPECT_EQ(json["fork_rejected"], Json::parse(R"({"path":"/a","count":3,"owner":null})"));
  EXPECT_EQ(json["overcommit"],
            Json::parse(R"({"count":2,"requests":[{"comm":"hog","pid":7,"bytes":4096}]})"));
  EXPECT_EQ(json["userspace"]["killer"], "earlyoom");
  EXPECT_DOUBLE_EQ(json["userspace"]["mem_available_share"], 0.095);
  EXPECT_TRUE(json["userspace"]["pressure"].is_null());
}

TEST(JsonEvent, NotANumberIsNull) {
  auto event = sample::min_free_event();
  event->findings[0].proof[0].value = std::numeric_limits<double>::infinity();
  event->findings[0].proof[1].value = std::numeric_limits<double>::quiet_NaN();
  const auto json = parsed(*event);
  EXPECT_TRUE(json["findings"][0]["evidence"][0]["value"].is_null());
  EXPECT_TRUE(json["findings"][0]["evidence"][1]["value"].is_null());
}

TEST(JsonEvent, OneLineOrIndentedAreTheSameObject) {
  const auto event = sample::min_free_event();
  const std::string line = json_event(*event, false);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const std::string indented = json_event(*event, true);
  EXPECT_TRUE(indented.starts_with("{\n      \"id\""));
  EXPECT_TRUE(indented.ends_with("\n    }"));
  EXPECT_EQ(Json::parse(line), Json::parse(indented));
}

TEST(JsonEvent, TellsWhoseACgroupIs) {
  auto event = sample::memcg_event();
  event->report.memcg->limit_path =
      "/kubepods/burstable/pod8f0c1e9a-4b5d-4c6e-8f70-123456789abc/crio-" + std::string(64, 'a');
  event->report.memcg->task_path = "/app";
  event->evidence.attribution = memory::attribute(event->evidence);
  const auto memcg = parsed(*event)["memcg"];
  EXPECT_EQ(memcg["owner"], Json::parse(R"({
    "kind": "pod", "unit": null, "runtime": "cri-o", "container": "aaaaaaaaaaaa",
    "pod": "8f0c1e9a-4b5d-4c6e-8f70-123456789abc", "qos": "burstable",
    "text": "pod 8f0c1e9a-4b5d-4c6e-8f70-123456789abc (burstable), container aaaaaaaaaaaa"})"));
  EXPECT_EQ(memcg["task_path"], "/app");
  EXPECT_TRUE(memcg["task_owner"].is_null());
}

TEST(JsonEvent, TellsTheCgroupOfTheVictimThatTheKernelNames) {
  auto event = sample::min_free_event();
  event->report.victims.push_back(event->report.victims.front());
  event->report.victims.back().pid = 999;
  event->report.constraint->pid = 137;
  event->report.constraint->task_memcg = "/system.slice/web.service";
  event->evidence.attribution = memory::attribute(event->evidence);
  const auto victims = parsed(*event)["victims"];
  EXPECT_EQ(victims[0]["cgroup"], "/system.slice/web.service");
  EXPECT_EQ(victims[0]["owner"]["unit"], "web.service");
  EXPECT_EQ(victims[0]["owner"]["kind"], "service");
  EXPECT_TRUE(victims[1]["cgroup"].is_null());
  EXPECT_TRUE(victims[1]["owner"].is_null());
}

TEST(JsonEvent, AddsUpTheProcesses) {
  auto event = sample::min_free_event();
  auto& tasks = event->report.tasks;
  tasks.push_back(tasks.front());
  tasks.back().pid = tasks.back().tgid = 162;
  tasks.back().oom_score_adj = -1000;
  tasks.back().swapents = 10;
  event->evidence.account.reset();
  event->evidence.swap_free.reset();
  event->evidence.attribution = memory::attribute(event->evidence);
  const auto json = parsed(*event)["tasks"];
  EXPECT_EQ(json["count"], 3);
  EXPECT_EQ(json["by_name"], Json::parse(R"([
    {"comm": "hog", "count": 1, "memory": 181551104, "shared_counted_once": true},
    {"comm": "nginx", "count": 2, "memory": 10633216, "shared_counted_once": false}])"));
  EXPECT_EQ(json["protected"]["pid"], 162);
  EXPECT_EQ(json["protected"]["oom_score_adj"], -1000);
  EXPECT_EQ(json["swap"], 40960);
  EXPECT_EQ(json["pgtables"], 3 * 401408);

  event->evidence.page_size_known = false;
  const auto unknown = parsed(*event)["tasks"];
  EXPECT_TRUE(unknown["by_name"][0]["memory"].is_null());
  EXPECT_TRUE(unknown["swap"].is_null());
  EXPECT_EQ(unknown["pgtables"], 3 * 401408);  // printed in bytes
  tasks.pop_back();
  event->evidence.attribution = memory::attribute(event->evidence);
  EXPECT_TRUE(parsed(*event)["tasks"]["protected"].is_null());
}

TEST(JsonEvent, AnyNameGivesValidJsonWithoutControlCharacters) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto event = sample::random_event(seed);
    const std::string text = json_event(*event, false);
    const auto json = Json::parse(text, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << text;
    EXPECT_EQ(json["host"],
              event->report.host.empty() ? Json(nullptr) : Json(printable(event->report.host)));
    EXPECT_TRUE(std::ranges::none_of(text, [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    })) << text;
  }
}

TEST(JsonInput, CountsWhatWasLost) {
  Summary summary;
  summary.bytes = 10;
  summary.lines = 2;
  summary.lines_lost = 1;
  summary.copies = 3;
  summary.damage = {{"a.log:7", "cut\x01"}};
  summary.damage_more = 4;
  EXPECT_EQ(Json::parse(json_input(summary, false)), Json::parse(R"({
    "bytes": 10, "lines": 2, "lines_lost": 1, "copies": 3,
    "damage": [{"at": "a.log:7", "what": "cut\\x01"}], "damage_more": 4})"));
  EXPECT_TRUE(json_input(summary, true).ends_with("\n  }"));
}

}  // namespace
}  // namespace whyoom::render
