#include "explain/selection.h"

#include <gtest/gtest.h>

#include <vector>

#include "report/event_merge.h"

namespace whyoom::explain {
namespace {

std::unique_ptr<diagnose::Event> event_at(std::optional<double> seconds, LineNumber line) {
  auto event = std::make_unique<diagnose::Event>();
  if (seconds) {
    event->report.time.monotonic_us = static_cast<std::uint64_t>(*seconds * 1e6);
  }
  event->report.first_line = line;
  return event;
}

// Lines of the events that come through: line n happens at n seconds, line 99 has no time.
std::vector<LineNumber> chosen(const SelectionRules& rules, std::uint64_t* without_time) {
  std::vector<LineNumber> lines;
  Selection selection(rules, [&](auto event) { lines.push_back(event->report.first_line); });
  for (const LineNumber line : {10U, 20U, 30U, 40U}) {
    selection.offer(event_at(static_cast<double>(line), line));
  }
  selection.offer(event_at(std::nullopt, 99));
  selection.finish();
  EXPECT_EQ(selection.offered(), 5U);
  EXPECT_EQ(selection.chosen(), lines.size());
  *without_time = selection.without_time();
  return lines;
}

using Lines = std::vector<LineNumber>;

TEST(Selection, EverythingWithoutRules) {
  std::uint64_t without_time = 0;
  EXPECT_EQ(chosen({}, &without_time), (Lines{10, 20, 30, 40, 99}));
  EXPECT_EQ(without_time, 0U);
}

TEST(Selection, BordersBelongToTheRange) {
  std::uint64_t without_time = 0;
  SelectionRules rules;
  rules.since = BootTime{20};
  rules.until = BootTime{30};
  EXPECT_EQ(chosen(rules, &without_time), (Lines{20, 30, 99}));
  EXPECT_EQ(without_time, 1U);
}

TEST(Selection, TheLastOnes) {
  std::uint64_t without_time = 0;
  SelectionRules rules;
  rules.last = 2;
  EXPECT_EQ(chosen(rules, &without_time), (Lines{40, 99}));
  rules.until = BootTime{30};
  EXPECT_EQ(chosen(rules, &without_time), (Lines{30, 99}));
}

TEST(Selection, TheNearestOne) {
  std::uint64_t without_time = 0;
  SelectionRules rules;
  rules.at = BootTime{26};
  EXPECT_EQ(chosen(rules, &without_time), (Lines{99, 30}));
  EXPECT_EQ(without_time, 1U);
}

TEST(Selection, AWallClockCannotBeComparedWithABootTime) {
  std::uint64_t without_time = 0;
  SelectionRules rules;
  rules.since = logtext::WallTime{2026, 11, 23, 0, 0, 0, std::nullopt};
  EXPECT_EQ(chosen(rules, &without_time).size(), 5U);
  EXPECT_EQ(without_time, 5U);
}

// A hostile log makes large events; --last keeps what has room.
TEST(Selection, TheLastOnesThatHaveRoom) {
  SelectionRules rules;
  rules.last = 100;
  std::vector<LineNumber> lines;
  const auto sink = [&](auto event) { lines.push_back(event->report.first_line); };
  const std::size_t room = 3 * report::bytes_held(event_at(1, 1)->report);
  Selection selection(rules, sink, room);
  for (const LineNumber line : {10U, 20U, 30U, 40U, 50U}) {
    selection.offer(event_at(static_cast<double>(line), line));
  }
  selection.finish();
  EXPECT_EQ(lines, (Lines{30, 40, 50}));
  EXPECT_EQ(selection.without_room(), 2U);
}

TEST(Selection, WhatTheyAre) {
  auto event = event_at(1, 1);
  event->root_cause = "slab-leak";
  event->report.kind = report::Kind::oom_kill;
  event->report.victims.resize(1);
  event->report.victims[0].comm = "java";
  event->evidence.attribution.victim = memory::CgroupShare{"/a", std::nullopt, "/system.slice/a"};
  const auto offered = [&event](const SelectionRules& rules) {
    std::uint64_t came = 0;
    Selection selection(rules, [&](auto kept) {
      event = std::move(kept);
      ++came;
    });
    auto given = std::make_unique<diagnose::Event>(*event);
    selection.offer(std::move(given));
    return came == 1;
  };
  const auto rules = [](auto set) {
    SelectionRules result;
    set(result);
    return result;
  };
  EXPECT_TRUE(offered(rules([](auto& r) { r.causes = {"zfs-arc", "slab-leak"}; })));
  EXPECT_FALSE(offered(rules([](auto& r) { r.causes = {"zfs-arc"}; })));
  EXPECT_TRUE(offered(rules([](auto& r) { r.kind = report::Kind::oom_kill; })));
  EXPECT_FALSE(offered(rules([](auto& r) { r.kind = report::Kind::oom_panic; })));
  EXPECT_TRUE(offered(rules([](auto& r) { r.victim = "jav"; })));
  EXPECT_FALSE(offered(rules([](auto& r) { r.victim = "nginx"; })));
  EXPECT_TRUE(offered(rules([](auto& r) { r.cgroup = "slice/a"; })));
  EXPECT_FALSE(offered(rules([](auto& r) { r.cgroup = "slice/b"; })));
}

}  // namespace
}  // namespace whyoom::explain
