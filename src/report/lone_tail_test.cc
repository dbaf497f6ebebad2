// Logs that begin in the last lines of what a report says of memory.
#include <gtest/gtest.h>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;
using testing::killed_line;
using testing::lines_of;
using testing::sample_failure;
using testing::sample_report;

const std::string tail_of_3_10 =
    "[  511.250463] Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
    "hugepages_size=2048kB\n"
    "[  511.250464] 9275 total pagecache pages\n"
    "[  511.250466] 0 pages in swap cache\n"
    "[  511.250467] Swap cache stats: add 0, delete 0, find 0/0\n"
    "[  511.250468] Free swap  = 0kB\n"
    "[  511.250468] Total swap = 0kB\n"
    "[  511.250469] 8388478 pages RAM\n"
    "[  511.250470] 0 pages HighMem/MovableOnly\n"
    "[  511.250471] 193375 pages reserved\n";
const std::string tail_of_2_6 =
    "[  511.250464] 9275 total pagecache pages\n"
    "[  511.250468] Free swap  = 917496kB\n"
    "[  511.250468] Total swap = 917496kB\n"
    "[  511.250469] 447488 pages RAM\n"
    "[  511.250470] 263682 pages HighMem\n"
    "[  511.250471] 10460 pages reserved\n"
    "[  511.250472] 11249 pages shared\n"
    "[  511.250473] 329651 pages non-shared\n";
const std::string table_behind_it =
    "[  511.250482] [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
    "[  511.250488] [  444]     0   444    30482      118      63        0             0 journal\n"
    "[  511.250490] [  982]     0   982  4950828   635077    1914        0             0 java\n";
const std::string kill_behind_it =
    "[  511.250581] Out of memory: Kill process 982 (java) score 77 or sacrifice child\n"
    "[  511.250642] Killed process 982 (java) total-vm:19803312kB, anon-rss:2540308kB, "
    "file-rss:0kB, shmem-rss:0kB\n";

TEST(LoneTail, IsOfTheReportThatGoesOnBehindIt) {
  for (const std::string& behind :
       {table_behind_it, kill_behind_it, table_behind_it + kill_behind_it}) {
    const auto events = assemble(tail_of_3_10 + behind);
    ASSERT_EQ(events.size(), 1U) << behind;
    const Report& r = events[0];
    EXPECT_EQ(r.first_line, 1U);
    EXPECT_EQ(r.tail.ram->value, 8388478U);
    EXPECT_EQ(r.tail.reserved->value, 193375U);
    EXPECT_EQ(r.tail.total_swap_kib->value, 0U);
    EXPECT_EQ(r.hugepages.size(), 1U);
    EXPECT_TRUE(r.known_global);
    EXPECT_FALSE(r.mixed_at);
  }
}

TEST(LoneTail, BeginsWithAnyOfItsLines) {
  for (auto lines = lines_of(tail_of_3_10); lines.size() > 3; lines.erase(lines.begin())) {
    const auto events = assemble(testing::text_of(lines) + table_behind_it);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].tail.ram->value, 8388478U) << lines.front();
    EXPECT_TRUE(events[0].known_global);
  }
}

// Before 3.9 it stood in a cgroup's report, too.
TEST(LoneTail, OfAnOldKernelLeavesOpenWhetherItWasTheMachine) {
  const auto table = assemble(tail_of_2_6 + table_behind_it);
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table[0].tail.ram->value, 447488U);
  EXPECT_FALSE(table[0].known_global);
  const std::string cgroup = replaced(kill_behind_it, "Out of", "Memory cgroup out of");
  const auto killed = assemble(tail_of_2_6 + cgroup);
  ASSERT_EQ(killed.size(), 1U);
  EXPECT_EQ(killed[0].kind, Kind::memcg_oom_kill);
  EXPECT_TRUE(killed[0].tail.ram);
  EXPECT_FALSE(killed[0].known_global);
  const auto newer = assemble(tail_of_3_10 + cgroup);
  ASSERT_EQ(newer.size(), 1U);
  EXPECT_EQ(newer[0].kind, Kind::memcg_oom_kill);
  EXPECT_FALSE(newer[0].tail.ram) << "the tail is of something else";
}

TEST(LoneTail, IsNoEventOfItsOwn) {
  EXPECT_TRUE(assemble(tail_of_3_10).empty());
  EXPECT_TRUE(assemble(tail_of_3_10 + tail_of_3_10).empty());
  const std::string later = replaced(kill_behind_it, "[  511.", "[  571.");
  for (const std::string& report : {sample_report(), sample_failure(), later}) {
    const auto events = assemble(tail_of_3_10 + report);
    ASSERT_EQ(events.size(), 1U) << report;
    EXPECT_EQ(events[0].first_line, 10U);
    EXPECT_NE(events[0].tail.ram ? events[0].tail.ram->value : 0, 8388478U);
  }
}

TEST(LoneTail, DoesNotTakeTheMemoryOfTheNextReport) {
  const auto lines = lines_of(sample_failure());
  const auto head = std::ranges::find_if(
      lines, [](const std::string& line) { return line.ends_with("Mem-Info:"); });
  const auto events =
      assemble(tail_of_3_10 + testing::text_of({head, lines.end()}) + table_behind_it);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].first_line, 10U);
  EXPECT_NE(events[0].tail.ram->value, 8388478U);
}

TEST(LoneTail, IsNoCopyOfALine) {
  std::string doubled;
  for (const std::string& line : lines_of(sample_report())) {
    const bool of_tail = line.find(" pages ") != std::string::npos ||
                         line.find(" swap ") != std::string::npos ||
                         line.find("hugepages_") != std::string::npos;
    doubled += line + "\n" + (of_tail ? line + "\n" : "");
  }
  EXPECT_GT(lines_of(doubled).size(), lines_of(sample_report()).size() + 6);
  const auto events = assemble(doubled);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(events[0].mixed_at);
}

TEST(LoneTail, IsNoSentence) {
  const auto events = assemble("It has 8388478 pages RAM\n" + killed_line("  511.250642", 5));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(events[0].tail.ram);
}

}  // namespace
}  // namespace whyoom::report
