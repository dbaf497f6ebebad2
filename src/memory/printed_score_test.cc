#include "memory/printed_score.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

// tidb-server on el7: 31303276 kB resident of 33027492, score 956.
report::Report killed_with(std::int64_t score) {
  report::Report report;
  report.kind = report::Kind::oom_kill;
  report::Victim& victim = report.victims.emplace_back();
  victim.comm = "tidb-server";
  victim.pid = 21945;
  victim.score = score;
  victim.permille = true;
  victim.total_vm_kib = 33027492;
  victim.anon_rss_kib = 31303276;
  victim.file_rss_kib = 0;
  return report;
}

void add_row(report::Report& report, int adj) {
  report::Task& row = report.tasks.emplace_back();
  row.pid = 21945;
  row.rss = 7825819;
  row.oom_score_adj = adj;
}

TEST(PrintedScore, IsAShareOfRamAndSwap) {
  const report::Report report = killed_with(956);
  const Evidence evidence = from_report(report);
  const auto score = printed_score(evidence);
  ASSERT_TRUE(score);
  EXPECT_DOUBLE_EQ(score->share, 0.956);
  EXPECT_FALSE(score->adj_known);
  // Root's bonus could have hidden 3 %: 31303276 kB / 0.987.
  ASSERT_TRUE(score->at_least);
  EXPECT_NEAR(static_cast<double>(score->at_least->count()), 31303276.0 * 1024 / 0.987, 2e4);
  // 4.4 % of at most 33027492 kB (and page tables) / 0.956, against RAM of 31303276 kB at least.
  ASSERT_TRUE(score->rest);
  EXPECT_NEAR(*score->rest, 0.0490, 0.0002);
}

TEST(PrintedScore, WithoutSizesOnlyTheShareIsKnown) {
  report::Report report = killed_with(498);
  report.victims.front().total_vm_kib.reset();
  const Evidence evidence = from_report(report);
  const auto score = printed_score(evidence);
  ASSERT_TRUE(score);
  EXPECT_FALSE(score->at_least);
  EXPECT_FALSE(score->rest);
}

std::optional<PrintedScore> score_of_report(const report::Report& report) {
  return printed_score(from_report(report));
}

TEST(PrintedScore, NotWhereOomScoreAdjIsInIt) {
  report::Report report = killed_with(956);
  add_row(report, 0);
  ASSERT_TRUE(score_of_report(report));
  EXPECT_TRUE(score_of_report(report)->adj_known);
  report.tasks.front().oom_score_adj = 300;
  EXPECT_FALSE(score_of_report(report));
  EXPECT_FALSE(score_of_report(killed_with(1000)));  // no share is that
  report = killed_with(956);
  report.victims.front().permille = false;  // before 2.6.36 it was another sum
  EXPECT_FALSE(score_of_report(report));
  report = killed_with(956);
  report.trigger.emplace();
  report.trigger->comm = "tidb-server";
  report.trigger->oom_score_adj = 0;
  ASSERT_TRUE(score_of_report(report));
  EXPECT_TRUE(score_of_report(report)->adj_known);  // of one of that name
  report.trigger->comm = "kworker";
  EXPECT_FALSE(score_of_report(report)->adj_known);
  report.trigger->pid = 21945;
  EXPECT_TRUE(score_of_report(report)->adj_known);
  report.trigger->oom_score_adj = 985;
  EXPECT_FALSE(score_of_report(report));
}

TEST(PrintedScore, NotWhereWhatTheProcessHeldDoesNotFit) {
  report::Report report = killed_with(956);  // of 4308 kB no machine is made
  report.victims.front().total_vm_kib = 4308;
  report.victims.front().anon_rss_kib = 104;
  EXPECT_FALSE(score_of_report(report));
  report = killed_with(956);
  set_ram(report, 8'200'000, 0);  // 32,800,000 kB
  ASSERT_TRUE(score_of_report(report));
  set_ram(report, 16'400'000, 0);  // half of that
  EXPECT_FALSE(score_of_report(report));
  report = killed_with(956);
  report.victims.emplace_back().anon_rss_kib = 8 << 20U;  // another has a quarter
  EXPECT_FALSE(score_of_report(report));
  report = killed_with(956);
  report.victims.front().anon_rss_kib = std::uint64_t{1} << 53U;  // no number of any machine
  report.victims.front().total_vm_kib = std::uint64_t{1} << 53U;
  EXPECT_TRUE(score_of_report(report));
  EXPECT_FALSE(score_of_report(report)->at_least);
}

// 31303276 kB are more than 93.1 % of 32,800,000 kB (900, and what root is let off), and memory
// that moved. With more swap it would fit.
TEST(PrintedScore, NotWhereItHeldMoreThanItsScoreOfRamAndSwap) {
  const auto believed = [](std::int64_t score, std::optional<std::uint64_t> swap_kib) {
    report::Report report = killed_with(score);
    set_ram(report, 8'200'000, 0);
    if (swap_kib) {
      report.tail.total_swap_kib = Read<std::uint64_t>{*swap_kib, {0, 9}};
    }
    return score_of_report(report).has_value();
  };
  EXPECT_TRUE(believed(956, 0));
  EXPECT_TRUE(believed(900, std::nullopt));
  EXPECT_FALSE(believed(900, 0));
  EXPECT_TRUE(believed(900, 1'000'000));
}

// 2.6.39 to 3.1: of 24303939 pages thousandths do not fit into an int.
TEST(PrintedScore, NotWhereItMayHaveWrapped) {
  report::Report report = killed_with(1);
  report.victims.front().total_vm_kib = 97215756 + 1000;
  report.victims.front().anon_rss_kib = 97215756;
  EXPECT_FALSE(score_of_report(report));
  set_release(report, "3.10.0-1160.el7.x86_64");
  EXPECT_TRUE(score_of_report(report));
}

TEST(PrintedScore, OfTheRowWhatTheProcessHeldIsExact) {
  report::Report report = killed_with(966);  // el7: 15830263 pages, and 67141 of page tables
  report.victims.front().total_vm_kib = 158493900;
  report.victims.front().anon_rss_kib = 63321052;
  report::Task& row = report.tasks.emplace_back();
  row.pid = 21945;
  row.rss = 15830263;
  row.swapents = 0;
  row.page_table_pages = 67141;
  const auto score = score_of_report(report);
  ASSERT_TRUE(score && score->rest);
  EXPECT_NEAR(*score->rest, 0.036, 0.001);
}

TEST(PrintedScore, NotOfSomeNodesACgroupNorOfWhoeverAsked) {
  report::Report report = killed_with(956);
  report.mems_allowed = "1";  // a machine has a node 0
  EXPECT_FALSE(score_of_report(report));
  report = killed_with(956);
  report.victims.front().memcg = true;
  EXPECT_FALSE(score_of_report(report));
  report = killed_with(956);
  report.victims.front().allocating_task = true;  // vm.oom_kill_allocating_task
  EXPECT_FALSE(score_of_report(report));
}

}  // namespace
}  // namespace whyoom::memory
