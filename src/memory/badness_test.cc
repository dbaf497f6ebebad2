// The kernel's score, by generation, and who is chosen by it. The lab's logs say who really was.
#include "memory/badness.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/shared_for_test.h"
#include "memory/evidence.h"
#include "memory/test_report.h"
#include "report/log_reader.h"

namespace whyoom::memory {
namespace {

using testing_only::set_ram;
using testing_only::set_release;

constexpr std::uint64_t ram_pages = 1'000'000;

report::Task& add_task(report::Report& report, std::int64_t pid, std::string comm,
                       std::uint64_t rss, int adj = 0, std::int64_t uid = 1000) {
  report::Task task;
  task.pid = task.tgid = pid;
  task.comm = std::move(comm);
  task.uid = uid;
  task.rss = rss;
  task.pgtables_bytes = 0;
  task.swapents = 0;
  task.oom_score_adj = adj;
  task.line = 100 + report.tasks.size();
  report.tasks.push_back(std::move(task));
  return report.tasks.back();
}

report::Victim& kill(report::Report& report, std::int64_t pid) {
  report::Victim victim;
  victim.pid = pid;
  report.victims.push_back(victim);
  return report.victims.back();
}

report::Report report_of(std::string release) {
  report::Report report;
  set_ram(report, ram_pages + 1000, 1000);
  report.tail.total_swap_kib = Read<std::uint64_t>{0, {0, 80}};
  set_release(report, std::move(release));
  return report;
}

std::int64_t chosen(const report::Report& report) {
  const Evidence evidence = from_report(report);
  return evidence.ranking && evidence.ranking->foretold ? evidence.ranking->foretold->use.task->pid
                                                        : 0;
}

TEST(Badness, AddsSwapAndPageTables) {
  report::Report report = report_of("6.1.0");
  add_task(report, 10, "rss", 300);
  report::Task& mixed = add_task(report, 11, "mixed", 100);
  mixed.swapents = 150;
  mixed.pgtables_bytes = 60 * 4096;
  kill(report, 11);
  const Evidence evidence = from_report(report);
  ASSERT_TRUE(evidence.ranking);
  EXPECT_TRUE(evidence.ranking->as_foretold());
  EXPECT_EQ(evidence.ranking->victim->score, 310);
  EXPECT_EQ(evidence.ranking->place, 1U);
  EXPECT_EQ(evidence.ranking->runner_up->use.task->pid, 10);
}

TEST(Badness, TheScoreOfEachRow) {
  report::Report report = report_of("6.1.0");
  add_task(report, 1, "init", 900);
  add_task(report, 10, "plain", 300);
  add_task(report, 11, "favoured", 300, -100);
  add_task(report, 12, "never", 300, -1000);
  kill(report, 10);
  Evidence evidence = from_report(report);
  const auto score = [&](std::size_t row) {
    return score_of(evidence, task_use(report.tasks[row], evidence.page));
  };
  EXPECT_EQ(score(0), std::nullopt);
  EXPECT_EQ(score(1), 300);
  EXPECT_EQ(score(2), 300 - 100 * 1000);
  EXPECT_EQ(score(3), std::nullopt);
  // Without the total nobody knows what 100 weigh.
  evidence.ranking->total.reset();
  EXPECT_EQ(score(1), 300);
  EXPECT_EQ(score(2), std::nullopt);
}

TEST(Badness, OneOfAdjIsAThousandthOfRamAndSwap) {
  report::Report report = report_of("6.1.0");
  report.tail.total_swap_kib = Read<std::uint64_t>{4 * ram_pages, {0, 80}};
  add_task(report, 10, "big", 600'000);
  add_task(report, 11, "small", 1000, 300);
  kill(report, 11);
  const Evidence evidence = from_report(report);
  ASSERT_TRUE(evidence.ranking);
  EXPECT_EQ(evidence.ranking->total, Pages(2 * ram_pages));
  EXPECT_EQ(evidence.ranking->victim->score, 1000 + 300 * 2000);
  // 1000 + 299 * 2000 is less than 600,000, and so is 299 of it.
  EXPECT_EQ(evidence.ranking->spared_at, 299);
  ASSERT_EQ(evidence.ranking->spared.size(), 1U);
  EXPECT_EQ(evidence.ranking->spared[0].spared, Spared::by_adj);
  EXPECT_EQ(evidence.ranking->spared[0].chosen_from, 1);  // 602,000 are more than 601,000
}

TEST(Badness, ThePrintedThresholdIsTheExactOne) {
  for (const int adj : {-999, -500, -1, 0, 1, 299, 700}) {
    report::Report report = report_of("6.1.0");
    add_task(report, 10, "other", 400'123);
    add_task(report, 11, "killed", 1777, adj);
    kill(report, 11);
    const auto spared_at = from_report(report).ranking->spared_at;
    ASSERT_TRUE(spared_at);
    report.tasks[1].oom_score_adj = *spared_at;
    EXPECT_EQ(chosen(report), 10) << adj;
    report.tasks[1].oom_score_adj = *spared_at + 1;
    EXPECT_EQ(chosen(report), 11) << adj;
  }
}

// How much the group may swap is not in the report: then only what holds with any of it is said.
TEST(Badness, OfACgroupTheTotalIsABound) {
  report::Report report = report_of("6.1.0");
  report.tail = {};
  report.constraint.emplace();
  report.constraint->kind = report::ConstraintKind::memcg;
  report.memcg.emplace();
  report.memcg->memory.limit_kib = Read<std::uint64_t>{4 * ram_pages, {0, 20}};
  add_task(report, 10, "other", 400'000);
  add_task(report, 11, "killed", 500'000);
  kill(report, 11);
  EXPECT_EQ(from_report(report).ranking->total, Pages(ram_pages));
  EXPECT_FALSE(from_report(report).ranking->total_exact);
  EXPECT_EQ(from_report(report).ranking->spared_at, -101);
  report.tasks[0].oom_score_adj = -50;
  EXPECT_FALSE(from_report(report).ranking->spared_at);
  report.memcg->swap.limit_kib = Read<std::uint64_t>{0, {0, 21}};
  EXPECT_TRUE(from_report(report).ranking->total_exact);
  EXPECT_EQ(from_report(report).ranking->spared_at, -151);
}

TEST(Badness, MinusThousandAndTheFirstProcessAreNeverChosen) {
  report::Report report = report_of("6.1.0");
  add_task(report, 1, "init", 9000);
  add_task(report, 10, "protected", 8000, -1000);
  add_task(report, 11, "killed", 10, -999);
  kill(report, 11);
  const Evidence evidence = from_report(report);
  ASSERT_TRUE(evidence.ranking);
  EXPECT_TRUE(evidence.ranking->as_foretold());
  EXPECT_FALSE(evidence.ranking->runner_up);
  EXPECT_FALSE(evidence.ranking->spared_at);
  ASSERT_EQ(evidence.ranking->spared.size(), 2U);
  EXPECT_EQ(evidence.ranking->spared[0].spared, Spared::init);
  EXPECT_FALSE(evidence.ranking->spared[0].chosen_from);
  EXPECT_EQ(evidence.ranking->spared[1].spared, Spared::never);
  EXPECT_TRUE(evidence.ranking->spared[1].chosen_from);
}

TEST(Badness, NegativeScoresCountFrom59On) {
  for (const auto& [release, pid] :
       std::map<std::string, std::int64_t>{{"6.1.0", 12}, {"5.9.1", 12}, {"5.2.0", 12}}) {
    report::Report report = report_of(release);
    add_task(report, 10, "first", 100, -998);
    add_task(report, 12, "big", 20'000, -998);
    add_task(report, 13, "last", 100, -998);
    kill(report, pid);
    EXPECT_EQ(chosen(report), pid) << release;
  }
  // Before, all of them score 1 and the first is taken.
  report::Report report = report_of("5.2.0");
  add_task(report, 10, "first", 100, -998);
  add_task(report, 12, "big", 20'000, -998);
  kill(report, 10);
  const Evidence evidence = from_report(report);
  EXPECT_TRUE(evidence.ranking->as_foretold());
  EXPECT_EQ(evidence.ranking->rules->minor, 2);
  EXPECT_EQ(evidence.ranking->spared.at(0).spared, Spared::same_score);
}

TEST(Badness, RootHadABonusUntil416) {
  report::Report report = report_of("4.16.0");
  add_task(report, 10, "root", 10'000, 0, 0);
  add_task(report, 11, "user", 9'800);
  kill(report, 11);
  Evidence evidence = from_report(report);
  EXPECT_TRUE(evidence.ranking->as_foretold());
  EXPECT_EQ(evidence.ranking->spared.at(0).spared, Spared::by_root_bonus);
  set_release(report, "4.17.0");
  EXPECT_EQ(chosen(report), 10);
}

TEST(Badness, El6ScoresInThousandths) {
  report::Report report = report_of("2.6.32-754.el6.x86_64");
  add_task(report, 10, "root", 520'000, 0, 0);
  add_task(report, 11, "user", 500'000);
  for (report::Task& task : report.tasks) {
    task.pgtables_bytes = {};
    task.swapents = {};
  }
  kill(report, 11);
  const Evidence evidence = from_report(report);
  ASSERT_TRUE(evidence.ranking);
  EXPECT_TRUE(evidence.ranking->rules->permille);
  EXPECT_EQ(evidence.ranking->victim->score, 500);
  EXPECT_EQ(evidence.ranking->spared.at(0).score, 490);
  EXPECT_EQ(evidence.ranking->spared_at, -11);
}

TEST(Badness, TheLastOfEqualsIsTaken) {
  report::Report report = report_of("6.1.0");
  add_task(report, 12, "one", 500);
  add_task(report, 11, "two", 500);
  kill(report, 11);
  EXPECT_TRUE(from_report(report).ranking->as_foretold());
  set_release(report, "4.18.0");
  report.victims[0].pid = 12;
  EXPECT_TRUE(from_report(report).ranking->as_foretold());
}

// Counters lag by 256 pages, or by a fiftieth of a big process.
TEST(Badness, ADifferenceThatCountersCanLagIsDrift) {
  const auto why = [](std::uint64_t big, std::uint64_t killed) {
    report::Report report = report_of("6.1.0");
    add_task(report, 10, "big", big);
    add_task(report, 11, "killed", killed);
    kill(report, 11);
    return from_report(report).ranking->why;
  };
  EXPECT_EQ(why(1'000, 1'000 - 256), NotForetold::drift);
  EXPECT_EQ(why(1'000, 1'000 - 257), NotForetold::unknown);
  EXPECT_EQ(why(50'000, 50'000 - 1'000), NotForetold::drift);
  EXPECT_EQ(why(50'000, 50'000 - 1'001), NotForetold::unknown);
}

TEST(Badness, SaysWhyTheForetoldOneLives) {
  report::Report report = report_of("6.1.0");
  add_task(report, 10, "big", 50'000);
  add_task(report, 11, "small", 5'000);
  kill(report, 11);
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::unknown);
  report.lines_lost = 3;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::table_cut);
  report.victims[0].instead_of = 10;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::child_instead);
  report.victims[0].allocating_task = true;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::allocating_task);
  report.victims[0] = {};
  report.victims[0].pid = 99;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::not_in_table);
  report.victims[0].pid = 11;
  report.tasks[1].rss = 49'900;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::drift);
  report.tasks[1].oom_score_adj = 2;
  report.tail.ram.reset();
  report.tasks[1].rss = 5'000;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::total_unknown);
}

TEST(Badness, NothingWithoutATableOrAVictim) {
  report::Report report = report_of("6.1.0");
  EXPECT_FALSE(from_report(report).ranking);
  add_task(report, 10, "big", 50'000);
  EXPECT_FALSE(from_report(report).ranking);
}

TEST(Badness, HostileNumbersDoNotWrap) {
  report::Report report = report_of("6.1.0");
  report.tail.ram = Read<std::uint64_t>{~std::uint64_t{0}, {0, 90}};
  add_task(report, 10, "big", ~std::uint64_t{0}, -999);
  add_task(report, 11, "small", 5, 1'000'000);
  kill(report, 11);
  const Evidence evidence = from_report(report);
  ASSERT_TRUE(evidence.ranking);
  EXPECT_TRUE(evidence.ranking->as_foretold());
}

// Where the lab's victim is another one than the arithmetic says, and why.
struct Exception {
  const char* log;
  NotForetold why;
};
constexpr Exception exceptions[] = {
    {"5.10-killalloc", NotForetold::allocating_task},
    {"6.12-killalloc", NotForetold::allocating_task},
};

TEST(Badness, ForetellsTheVictimsOfTheLab) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  int all = 0;
  int foretold = 0;
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    if (!entry.is_directory()) {
      continue;
    }
    const std::string log = entry.path().filename();
    report::LogReader reader("console.log", [&](report::Report&& report) {
      const Evidence evidence = from_report(report);
      if (!evidence.ranking) {
        return;
      }
      ++all;
      foretold += evidence.ranking->as_foretold() ? 1 : 0;
      const auto known = std::ranges::find(exceptions, log, &Exception::log);
      const NotForetold expected = known == std::end(exceptions) ? NotForetold::no : known->why;
      EXPECT_EQ(name(evidence.ranking->why), name(expected))
          << log << " line " << report.first_line;
    });
    reader.feed(test::read_file(entry.path() / "console.log"));
    reader.finish();
  }
  EXPECT_GE(all, 131);
  EXPECT_EQ(foretold, all - static_cast<int>(std::size(exceptions)));
}

// Kernels that print the score in thousandths of all memory, as /proc/PID/oom_score has it.
TEST(Badness, EqualsTheScoreThatOldKernelsPrint) {
  WHYOOM_SHARED_OR_SKIP(corpus, "corpus/real");
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    report::LogReader reader("log", [&](report::Report&& report) {
      const Evidence evidence = from_report(report);
      if (!evidence.ranking || !evidence.ranking->victim || !evidence.ranking->total_exact ||
          !report.victims[0].score) {
        return;
      }
      const Ranking& ranking = *evidence.ranking;
      const std::int64_t score = ranking.victim->score.value_or(0);
      const auto total = static_cast<std::int64_t>(ranking.total->count());
      ++compared;
      EXPECT_NEAR(static_cast<double>(ranking.rules->permille ? score : score * 1000 / total),
                  static_cast<double>(*report.victims[0].score), 1)
          << entry.path().filename() << " line " << report.first_line;
    });
    reader.feed(test::read_file(entry.path()));
    reader.finish();
  }
  EXPECT_GT(compared, 0);
}

TEST(Badness, OnlyTheChildOfTheForetoldOneDiedInItsPlace) {
  report::Report report = report_of("5.1.0");
  add_task(report, 10, "big", 50'000);
  add_task(report, 11, "small", 5'000);
  kill(report, 11).instead_of = 9;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::unknown);
  report.victims[0].instead_of = 10;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::child_instead);
  report.tasks[0].oom_score_adj = report.tasks[1].oom_score_adj = -1000;
  EXPECT_EQ(from_report(report).ranking->why, NotForetold::not_in_table) << "none may be killed";
}

TEST(Badness, InThousandthsOneIsDrift) {
  const auto why = [](std::uint64_t killed) {
    report::Report report = report_of("2.6.32-754.el6.x86_64");
    add_task(report, 10, "big", 502'000);
    add_task(report, 11, "killed", killed);
    for (report::Task& task : report.tasks) {
      task.pgtables_bytes = {};
    }
    kill(report, 11);
    return from_report(report).ranking->why;
  };
  EXPECT_EQ(why(501'000), NotForetold::drift);
  EXPECT_EQ(why(500'999), NotForetold::unknown);
}

TEST(Badness, TheBiggestThatLiveAreToldUpToANumber) {
  report::Report report = report_of("6.1.0");
  add_task(report, 11, "killed", 1000, 900);
  for (std::int64_t pid = 20; pid < 40; ++pid) {
    add_task(report, pid, "other", static_cast<std::uint64_t>(1000 + (pid % 7) * 1000));
  }
  kill(report, 11);
  const auto spared = from_report(report).ranking->spared;
  ASSERT_EQ(spared.size(), Ranking::most_spared);
  EXPECT_TRUE(std::ranges::is_sorted(
      spared, [](const auto& a, const auto& b) { return a.use.total() > b.use.total(); }));
  EXPECT_EQ(spared.front().use.task->pid, 20) << "the first of equals";
  EXPECT_EQ(spared.back().use.rss, to_bytes(Pages(1000 * 7), PageSize{4096}));
}

}  // namespace
}  // namespace whyoom::memory
