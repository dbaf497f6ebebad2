// Logs of real kernels whose content is known.
#include <gtest/gtest.h>

#include <charconv>
#include <map>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using test::read_file;
using testing::read_log;
using testing::split;

struct Expected {
  std::string kind, trigger, gfp_mask, order, constraint, victims, outcome;
};

std::string constraint_name(ConstraintKind kind) {
  switch (kind) {
    case ConstraintKind::none:
      return "none";
    case ConstraintKind::memcg:
      return "memcg";
    case ConstraintKind::cpuset:
      return "cpuset";
    case ConstraintKind::mempolicy:
      break;
  }
  return "mempolicy";
}

std::string outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::killed:
      return "killed";
    case Outcome::panic:
      return "panic";
    case Outcome::no_victim:
      return "no-victim";
    case Outcome::recovered:
      return "recovered";
    case Outcome::stalled:
      return "stalled";
    case Outcome::unknown:
      break;
  }
  return "";
}

std::map<std::string, std::vector<Expected>> read_expected(const std::filesystem::path& path) {
  std::map<std::string, std::vector<Expected>> cases;
  bool first = true;
  for (const std::string& line : split(read_file(path), '\n')) {
    auto cells = split(line, '\t');
    if (!first && cells.size() >= 9) {
      cases[cells[0]].push_back(
          {cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8]});
    }
    first = false;
  }
  return cases;
}

std::string hex(std::uint32_t value) {
  char text[16];
  const auto end = std::to_chars(text, text + sizeof text, value, 16).ptr;
  return "0x" + std::string(text, end);
}

std::string victims_of(const Report& report) {
  std::string text;
  for (const auto& victim : report.victims) {
    text += (text.empty() ? "" : ",") + std::to_string(victim.pid) + ":" + victim.comm;
  }
  return text;
}

void compare(const Report& report, const Expected& expected) {
  EXPECT_EQ(name(report.kind), expected.kind);
  EXPECT_EQ(outcome_name(report.outcome), expected.outcome);
  EXPECT_EQ(victims_of(report), expected.victims);
  if (expected.trigger.empty()) {
    EXPECT_FALSE(report.trigger.has_value());
    return;
  }
  ASSERT_TRUE(report.trigger.has_value());
  EXPECT_EQ(report.trigger->comm, expected.trigger);
  ASSERT_TRUE(report.trigger->gfp.has_value());
  EXPECT_EQ(hex(report.trigger->gfp->mask), expected.gfp_mask);
  EXPECT_FALSE(report.trigger->gfp->names.empty());
  EXPECT_TRUE(report.trigger->pid.has_value());
  ASSERT_TRUE(report.trigger->order.has_value());
  EXPECT_EQ(std::to_string(*report.trigger->order), expected.order);
  EXPECT_EQ(report.constraint.has_value(), !expected.constraint.empty());
  if (report.constraint && !expected.constraint.empty()) {
    EXPECT_EQ(constraint_name(report.constraint->kind), expected.constraint);
  }
}

// Nothing of these reports was cut, so every part must have been read.
void expect_whole(const Report& report, const std::string& name) {
  auto missing = missing_parts(report);
  if (name.ends_with("-nodump")) {
    std::erase(missing, "tasks");  // vm.oom_dump_tasks=0
  }
  EXPECT_TRUE(missing.empty()) << missing.size() << " parts missing, first " << missing.front();
  EXPECT_TRUE(report.damage.empty()) << report.damage.front().what;
  if (report.kind == Kind::memcg_oom_kill || report.memcg || !report.trigger) {
    return;
  }
  for (const auto& zone : report.zones) {
    EXPECT_TRUE(zone.fields.get(kernel::Field::min).has_value());
    EXPECT_TRUE(zone.fields.get(kernel::Field::managed).has_value());
    EXPECT_FALSE(zone.lowmem_reserve.empty());
    EXPECT_EQ(zone.buddy.size(), 11U);
    EXPECT_EQ(zone.smallest_block_kib, 4U);
    EXPECT_TRUE(zone.buddy_total_kib.has_value());
  }
  EXPECT_TRUE(report.tail.ram && report.tail.reserved && report.tail.total_swap_kib);
  EXPECT_TRUE(report.stack && !report.stack->release.empty());
}

TEST(Lab, EveryCaseIsReadAsItWas) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  const auto cases = read_expected(lab / "expected.tsv");
  ASSERT_GT(cases.size(), 50U);
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    if (!entry.is_directory()) {
      continue;
    }
    const std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    const auto result = read_log(read_file(entry.path() / "console.log"));
    std::vector<const Report*> events;
    for (const auto& event : result.events) {
      if (event.kind != Kind::page_allocation_failure) {
        events.push_back(&event);
      }
    }
    const auto found = cases.find(name);
    const std::vector<Expected> none;
    const std::vector<Expected>& expected = found == cases.end() ? none : found->second;
    EXPECT_EQ(events.size(), expected.size());
    for (std::size_t i = 0; i < std::min(events.size(), expected.size()); ++i) {
      SCOPED_TRACE(i);
      compare(*events[i], expected[i]);
      expect_whole(*events[i], name);
    }
    EXPECT_EQ(result.account.copies, 0U);
  }
}

TEST(Lab, AllocationFailuresBesideAnOomStandAlone) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  for (const char* name :
       {"6.12-anonfork", "6.12-memfd", "6.12-mlock", "6.12-nodump", "6.12-shm"}) {
    SCOPED_TRACE(name);
    const auto result = read_log(read_file(lab / name / "console.log"));
    int failures = 0;
    for (const auto& event : result.events) {
      if (event.kind == Kind::page_allocation_failure) {
        ++failures;
        EXPECT_TRUE(missing_parts(event).empty());
        EXPECT_TRUE(event.tasks.empty());
        EXPECT_EQ(event.zones.size(), 2U);
      }
    }
    EXPECT_EQ(failures, 1);
  }
}

}  // namespace
}  // namespace whyoom::report
