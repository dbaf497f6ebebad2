#include "memory/printed_score.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

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
  EXPECT_NEAR(static_cast<double>(score->at_least->count()), 31303276.0 * 1024 / 0.987, 2e7);
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

TEST(PrintedScore, NotWhereOomScoreAdjIsInIt) {
  report::Report report = killed_with(956);
  add_row(report, 0);
  Evidence evidence = from_report(report);
  ASSERT_TRUE(printed_score(evidence));
  EXPECT_TRUE(printed_score(evidence)->adj_known);
  report.tasks.front().oom_score_adj = 300;
  evidence = from_report(report);
  EXPECT_FALSE(printed_score(evidence));
  report = killed_with(956);
  report.victims.front().permille = false;  // before 2.6.36 it was another sum
  evidence = from_report(report);
  EXPECT_FALSE(printed_score(evidence));
  report = killed_with(1003);  // no share is above 1000
  evidence = from_report(report);
  EXPECT_FALSE(printed_score(evidence));
}

TEST(PrintedScore, NotOfACgroupNorOfWhoeverAsked) {
  report::Report report = killed_with(956);
  report.victims.front().memcg = true;
  Evidence evidence = from_report(report);
  EXPECT_FALSE(printed_score(evidence));
  report = killed_with(0);
  report.victims.front().allocating_task = true;  // vm.oom_kill_allocating_task prints 0
  evidence = from_report(report);
  EXPECT_FALSE(printed_score(evidence));
}

}  // namespace
}  // namespace whyoom::memory
