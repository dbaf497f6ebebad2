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

// On both sides of each bound; memory moves by 2 % between the choice and the lines.
TEST(PrintedScore, FitsUpToItsBounds) {
  const auto with = [](std::int64_t score, std::uint64_t resident, std::uint64_t space) {
    report::Report report = killed_with(score);
    report.victims.front().total_vm_kib = space;
    report.victims.front().anon_rss_kib = resident;
    return report;
  };
  EXPECT_TRUE(score_of_report(with(500, 1000, 259'549))) << "of 512 MiB";
  EXPECT_FALSE(score_of_report(with(500, 1000, 259'548)));
  constexpr std::uint64_t most_kib = std::uint64_t{1} << 42U;
  EXPECT_FALSE(score_of_report(with(956, most_kib, most_kib))) << "more than any machine has";
  EXPECT_TRUE(score_of_report(with(956, most_kib, most_kib + 1))) << "no size of a process";
  EXPECT_FALSE(score_of_report(with(0, 1000, 259'549)));
  EXPECT_TRUE(score_of_report(with(100, 1000, 259'549))->at_least);
  EXPECT_FALSE(score_of_report(with(99, 1000, 259'549))->at_least);
  const auto of_ram = [](std::uint64_t pages, bool swap) {
    report::Report report = killed_with(956);
    set_ram(report, pages, 0);
    if (swap) {
      report.tail.total_swap_kib = Read<std::uint64_t>{0, {0, 9}};
    }
    return score_of_report(report).has_value();
  };
  EXPECT_TRUE(of_ram(8'897'000, false));
  EXPECT_FALSE(of_ram(8'898'000, false));
  EXPECT_TRUE(of_ram(7'774'000, true));
  EXPECT_FALSE(of_ram(7'773'000, true));
  EXPECT_TRUE(of_ram(7'773'000, false)) << "the rest may have been in swap";
  const auto beside = [](std::uint64_t kib, bool row) {
    report::Report report = killed_with(956);
    if (row) {
      report.tasks.emplace_back().pid = 8;
      report.tasks.back().rss = kib / 4;
    } else {
      report.victims.emplace_back().anon_rss_kib = kib;
    }
    return score_of_report(report).has_value();
  };
  for (const bool row : {false, true}) {
    EXPECT_TRUE(beside(4'287'000, row));
    EXPECT_FALSE(beside(4'288'000, row));
  }
  report::Report threads = killed_with(956);
  threads.tasks.emplace_back().tgid = 21945;
  threads.tasks.back().pid = 21946;
  threads.tasks.back().rss = 7'825'819;
  EXPECT_TRUE(score_of_report(threads)) << "its own thread";
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
  const auto of = [](std::int64_t score, std::uint64_t pages) {
    report::Report each = killed_with(score);
    each.victims.front().total_vm_kib = pages * 4;
    each.victims.front().anon_rss_kib = pages * 4;
    return score_of_report(each).has_value();
  };
  EXPECT_TRUE(of(1, 2'147'483));  // 2^31 / 1000
  EXPECT_FALSE(of(1, 2'147'484));
  EXPECT_TRUE(of(716, 3'000'000)) << "no wrapped score is that";
  EXPECT_FALSE(of(715, 3'000'000));
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
