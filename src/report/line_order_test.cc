#include "report/line_order.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "report/turning_reader.h"

namespace whyoom::report {
namespace {

bool newest_first(std::initializer_list<std::uint64_t> times) {
  LineOrder order;
  for (const std::uint64_t time : times) {
    logtext::Line line;
    line.framed = true;
    line.monotonic_us = time;
    order.see(line);
  }
  return order.newest_first();
}

TEST(LineOrder, GoesBackAllTheTime) {
  EXPECT_TRUE(newest_first({9, 9, 8, 7, 7, 6}));
  EXPECT_FALSE(newest_first({9, 8, 7})) << "too few";
  EXPECT_FALSE(newest_first({9, 8, 7, 6, 9})) << "lines of two that take turns";
  EXPECT_FALSE(newest_first({1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3})) << "restarts";
  EXPECT_TRUE(newest_first({20, 19, 18, 17, 16, 15, 14, 13, 30, 29, 28}))
      << "a restart in such a log";
}

bool newest_first(std::initializer_list<const char*> walls) {
  LineOrder order;
  std::uint64_t uptime = 1000;
  for (const char* wall : walls) {
    logtext::Line line;
    line.framed = true;
    line.wall = wall;
    line.monotonic_us = --uptime;  // of another boot each time
    order.see(line);
    line.continued = true;
    line.wall = "1999-01-01T00:00:00Z";
    order.see(line);
  }
  return order.newest_first();
}

bool newest_first_of_a_second(std::initializer_list<std::string_view> texts) {
  LineOrder order;
  for (const std::string_view text : texts) {
    logtext::Line line;
    line.framed = true;
    line.wall = "Nov 20 03:00:09";
    line.text = text;
    order.see(line);
  }
  return order.newest_first();
}

TEST(LineOrder, OfAKillWithinASecond) {
  constexpr std::string_view killed = "Out of memory: Killed process 71 (db) total-vm:9kB";
  constexpr std::string_view of_cgroup = "Memory cgroup out of memory: Killed process 71 (db)";
  constexpr std::string_view chosen = "oom-kill:constraint=CONSTRAINT_NONE,task=db,pid=71,uid=0";
  EXPECT_TRUE(newest_first_of_a_second({killed, chosen}));
  EXPECT_TRUE(newest_first_of_a_second({of_cgroup, chosen, "[  71]"}));
  EXPECT_FALSE(newest_first_of_a_second({chosen, killed}));
  EXPECT_FALSE(newest_first_of_a_second({killed, "[  71]", chosen})) << "of the next report";
  EXPECT_FALSE(newest_first_of_a_second({"Out of memory: Killed process 7 (db)", chosen}));
  EXPECT_FALSE(newest_first_of_a_second({"Out of memory: K", chosen}));
}

TEST(LineOrder, OfWallClocks) {
  EXPECT_TRUE(newest_first({"Nov 20 03:00:09", "Nov 20 03:00:09", "Nov 20 03:00:08",
                            "Nov 20 03:00:07", "Nov 20 03:00:06"}));
  EXPECT_TRUE(newest_first({"2026-11-20T03:00:00Z", "2026-11-19T04:00:00Z", "2026-10-01T00:00:00Z",
                            "2025-12-31T00:00:00Z"}));
  EXPECT_FALSE(newest_first({"2026-11-17T03:00:00Z", "2026-11-18T03:00:00Z", "2026-11-19T03:00:00Z",
                             "2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z"}))
      << "four boots";
  // Names of months and of days do not sort.
  EXPECT_FALSE(
      newest_first({"Sep 20 03:00:00", "Oct 20 03:00:00", "Nov 20 03:00:00", "Dec 20 03:00:00"}));
  EXPECT_FALSE(newest_first({"Wed Nov 25 03:00:00 2026", "Tue Dec  1 03:00:00 2026",
                             "Mon Dec  7 03:00:00 2026", "Fri Dec 11 03:00:00 2026"}));
}

TEST(LineOrder, Turned) {
  EXPECT_EQ(turned("a\nb\n\nc"), "c\n\nb\na\n");
  EXPECT_EQ(turned("\na\n"), "a\n\n");
  EXPECT_EQ(turned("a"), "a\n");
  EXPECT_EQ(turned(""), "");
}

TEST(TurningReader, ALineKeepsItsNumberInTheFile) {
  const std::string log =
      "Jun 13 09:14:59 h app[471]: x\n"
      "Jun 13 09:14:58 h kernel: Out of memory: Killed process 267303 (python3) "
      "total-vm:3600048kB, anon-rss:1293204kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:5612kB "
      "oom_score_adj:-300\n"
      "Jun 13 09:14:58 h kernel: oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,"
      "mems_allowed=0,global_oom,task_memcg=/s,task=python3,pid=267303,uid=0";
  for (const bool turn : {false, true}) {
    std::vector<Report> reports;
    TurningReader reader("x", [&](Report&& report) { reports.push_back(std::move(report)); });
    reader.feed(turn ? turned(log) : log);
    EXPECT_EQ(reader.finish().turned, !turn);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].first_of_log(), turn ? 1U : 2U);
    EXPECT_EQ(reports[0].last_of_log(), turn ? 2U : 3U);
    EXPECT_EQ(reports[0].line_of_log(reports[0].victims.at(0).at.line), 2U);
    EXPECT_EQ(reports[0].line_of_log(0), 0U) << "not of a line";
  }
}

}  // namespace
}  // namespace whyoom::report
