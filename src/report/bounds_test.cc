// What a hostile log can make of one event: rows without end, nodes that no kernel has.
#include <gtest/gtest.h>

#include <algorithm>

#include "report/event_merge.h"
#include "report/open_event.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::read_log;

const std::string header =
    "[   10.000000] stress invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), order=0, "
    "oom_score_adj=0\n"
    "[   10.000000] Mem-Info:\n"
    "[   10.000000] active_anon:1000 inactive_anon:200 isolated_anon:0 free:1000\n";
const std::string kill = "[   10.000000] Out of memory: Killed process 100 (stress) total-vm:4kB\n";

std::string node_line(int node) {
  return "[   10.000000] Node " + std::to_string(node) +
         " active_anon:4000kB inactive_anon:800kB active_file:4kB inactive_file:8kB\n";
}
std::string zone_line(int node, const std::string& name) {
  return "[   10.000000] Node " + std::to_string(node) + " " + name +
         " free:1000kB min:900kB low:1000kB high:1100kB present:15992kB managed:15360kB\n";
}

bool says(const Report& report, std::string_view words) {
  return std::ranges::any_of(report.damage, [&](const Damage& damage) {
    return damage.what.find(words) != std::string::npos;
  });
}

TEST(EventBounds, NodesThatNoKernelHasAreLostRows) {
  std::string text = header;
  const std::vector<int> ids = {0, 1023, 1024, 4000};
  for (const int node : ids) {
    text += node_line(node);
  }
  for (const int node : ids) {
    text += zone_line(node, "Normal");
  }
  const auto events = read_log(text + kill).events;
  ASSERT_EQ(events.size(), 1U);
  ASSERT_EQ(events[0].nodes.size(), 2U);
  EXPECT_EQ(events[0].nodes[1].id, 1023);
  EXPECT_EQ(events[0].zones.size(), 2U);
  EXPECT_TRUE(says(events[0], "4 rows of a table were not kept"));
}

TEST(EventBounds, ANodeHasEightZonesAtMost) {
  std::string text = header;
  for (int i = 0; i < 20; ++i) {
    text += zone_line(0, "Zone" + std::to_string(i));
  }
  const auto events = read_log(text + kill).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].zones.size(), 8U);
  EXPECT_TRUE(says(events[0], "12 rows of a table were not kept"));
}

// A table that is full is no reason for a second event.
TEST(EventBounds, AFullTableStaysOneEvent) {
  std::string text = header;
  for (int node = 0; node < most_numa_nodes; ++node) {
    for (const char* name : {"DMA", "DMA32", "Normal", "Movable", "Device"}) {
      text += zone_line(node, name);
    }
  }
  const auto events = read_log(text + kill).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].zones.size(), most_rows);
  EXPECT_EQ(events[0].victims.size(), 1U);
  EXPECT_TRUE(says(events[0], "1024 rows of a table were not kept"));
}

TEST(EventBounds, TasksBeyondTheTableAreCounted) {
  std::string text = header +
                     "[   10.000000] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes "
                     "swapents oom_score_adj name\n";
  constexpr std::size_t more = 100;
  for (std::size_t i = 0; i < most_tasks + more; ++i) {
    text += "[   10.000000] [" + std::to_string(i + 1) + "] 0 " + std::to_string(i + 1) +
            " 1000 9 61440 0 0 p\n";
  }
  const auto events = read_log(text + kill).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].tasks.size(), most_tasks);
  EXPECT_TRUE(says(events[0], "100 rows of a table were not kept"));
  EXPECT_LT(bytes_held(events[0]), std::size_t{48} << 20U);
}

// 8 reports of 60,000 tasks at once would be 125 MB: the oldest are closed.
TEST(EventBounds, WhatIsOpenAtOnceIsBounded) {
  std::size_t events = 0;
  LogReader reader("log", [&](Report&&) { ++events; });
  for (int caller = 0; caller < 8; ++caller) {
    const std::string number = std::to_string(caller);
    const std::string id = "[   10.00000" + number + "][   T10" + number + "] ";
    std::string text = id + "stress" + number +
                       " invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), order=0, "
                       "oom_score_adj=0\n" +
                       id +
                       "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
                       "oom_score_adj name\n";
    for (int i = 1; i <= 60'000; ++i) {
      text += id + "[" + std::to_string(i) + "] 0 " + std::to_string(i) + " 1000 9 61440 0 0 p\n";
    }
    reader.feed(text);
  }
  EXPECT_GE(events, 3U);  // what is left has room
  reader.finish();
  EXPECT_EQ(events, 8U);
}

TEST(EventBounds, TheReaperFindsItsVictimAmongThousands) {
  std::string text = header;
  constexpr int victims = 3000;
  for (int i = 0; i < victims; ++i) {
    text += "[   10.000000] Out of memory: Killed process " + std::to_string(1000 + i) +
            " (x) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n";
  }
  text += "[   10.100000] oom_reaper: reaped process 1000 (x), now anon-rss:0kB\n";
  text += "[   10.100000] oom_reaper: reaped process 3999 (x), now anon-rss:0kB\n";
  const auto events = read_log(text).events;
  ASSERT_EQ(events.size(), 1U);
  ASSERT_EQ(events[0].victims.size(), std::size_t{victims});
  EXPECT_TRUE(events[0].victims.front().reaped);
  EXPECT_TRUE(events[0].victims.back().reaped);
  EXPECT_EQ(std::ranges::count(events[0].victims, true, &Victim::reaped), 2);
}

}  // namespace
}  // namespace whyoom::report
