#include "memory/attribution.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "memory/evidence.h"
#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

// RAM whose processes hold 28000 pages of their own and 1500 locked ones, and map at most 5000.
report::Report machine_with_tasks() {
  report::Report report = counted();
  set_total(report, Field::mapped, 5000);
  return report;
}

report::Task task(std::string comm, std::int64_t pid, std::uint64_t rss) {
  report::Task result;
  result.comm = std::move(comm);
  result.pid = result.tgid = pid;
  result.rss = rss;
  result.total_vm = rss * 2 + 1;
  result.line = static_cast<std::uint32_t>(pid);
  return result;
}

// From 6.8 on.
report::Task task_of_kinds(std::string comm, std::int64_t pid, std::uint64_t anon,
                           std::uint64_t file, std::uint64_t shmem) {
  report::Task result = task(std::move(comm), pid, anon + file + shmem);
  result.rss_anon = anon;
  result.rss_file = file;
  result.rss_shmem = shmem;
  return result;
}

struct Attributed {
  explicit Attributed(report::Report given)
      : report(std::move(given)), evidence(from_report(report)), who(evidence.attribution) {}
  Attributed(const Attributed&) = delete;
  Attributed& operator=(const Attributed&) = delete;
  [[nodiscard]] const NameUse& name(std::string_view comm) const {
    for (const NameUse& use : who.names) {
      if (use.comm == comm) {
        return use;
      }
    }
    static const NameUse none;
    ADD_FAILURE() << "no name " << comm;
    return none;
  }
  report::Report report;
  Evidence evidence;
  const Attribution& who;
};

TEST(TaskUse, IsResidentPagesAndPageTables) {
  report::Task one = task("a", 1, 100);
  EXPECT_EQ(task_use(one, PageSize{4096}).memory(), pages(100));
  EXPECT_FALSE(task_use(one, PageSize{4096}).page_tables);
  EXPECT_FALSE(task_use(one, PageSize{4096}).swap);
  one.page_table_pages = 3;
  EXPECT_EQ(task_use(one, PageSize{4096}).memory(), pages(103));
  one.pgtables_bytes = 20000;  // bytes, and better than a count of pages
  EXPECT_EQ(task_use(one, PageSize{65536}).memory(), Bytes(100 * 65536 + 20000));
  one.swapents = 7;
  EXPECT_EQ(task_use(one, PageSize{65536}).memory(), Bytes(100 * 65536 + 20000));
  EXPECT_EQ(task_use(one, PageSize{65536}).total(), Bytes(107 * 65536 + 20000));
}

TEST(Attribution, OfNoTableIsEmpty) {
  const Attributed none{report::Report()};
  EXPECT_EQ(none.who.processes, 0U);
  EXPECT_FALSE(none.who.biggest || none.who.unkillable || none.who.swap || none.who.page_tables);
  EXPECT_FALSE(none.who.most_page_tables);
  EXPECT_FALSE(none.who.limit || none.who.victim);
  EXPECT_EQ(none.who.biggest_own(), nullptr);
  EXPECT_TRUE(attribute(Evidence{}).top.empty());
}

TEST(Attribution, BiggestIsByMemoryAndTopAlsoBySwap) {
  report::Report report;
  report.tasks = {task("a", 1, 100), task("b", 2, 300), task("c", 3, 200), task("d", 4, 10)};
  report.tasks[2].pgtables_bytes = pages(200).count();
  report.tasks[3].swapents = 1000;
  const Attributed given(report);
  ASSERT_TRUE(given.who.biggest);
  EXPECT_EQ(given.who.biggest->task->comm, "c");
  EXPECT_EQ(given.who.biggest->memory(), pages(400));
  ASSERT_EQ(given.who.top.size(), 4U);
  EXPECT_EQ(given.who.top[0].task->comm, "d");
  EXPECT_EQ(given.who.top[1].task->comm, "c");
  EXPECT_EQ(given.who.top[3].task->comm, "a");
  EXPECT_EQ(given.who.swap, pages(1000));
  EXPECT_EQ(given.who.page_tables, pages(200));
  ASSERT_TRUE(given.who.most_page_tables);
  EXPECT_EQ(given.who.most_page_tables->task->comm, "c");
}

TEST(Attribution, TopIsShortAndEqualOnesKeepTheirOrder) {
  report::Report report;
  for (int i = 1; i <= 100; ++i) {
    report.tasks.push_back(task("w" + std::to_string(i), i, 50));
  }
  const Attributed given(report);
  ASSERT_EQ(given.who.top.size(), Attribution::most_top);
  EXPECT_EQ(given.who.top.front().task->pid, 1);
  EXPECT_EQ(given.who.top.back().task->pid, 16);
  EXPECT_EQ(given.who.processes, 100U);
}

TEST(Attribution, TasksInTheOrderThatIsAskedFor) {
  report::Report report;
  report.tasks = {task("b", 3, 100), task("a", 2, 100), task("c", 1, 50)};
  report.tasks[2].swapents = 500;
  report.tasks[1].oom_score_adj = 300;
  report.tasks[0].pgtables_bytes = pages(2).count();
  const Attributed given(report);
  const auto in_order = [&](TaskOrder order, std::size_t most) {
    std::string names;
    for (const TaskUse& use : first_tasks(given.evidence, order, most)) {
      names += use.task->comm;
    }
    return names;
  };
  EXPECT_EQ(in_order(TaskOrder::size, 9), "cba");
  EXPECT_EQ(in_order(TaskOrder::rss, 9), "abc");
  EXPECT_EQ(in_order(TaskOrder::rss, 2), "ab");
  EXPECT_EQ(in_order(TaskOrder::swap, 1), "c");
  EXPECT_EQ(in_order(TaskOrder::page_tables, 1), "b");
  EXPECT_EQ(in_order(TaskOrder::adj, 9), "acb");
  EXPECT_EQ(in_order(TaskOrder::pid, 9), "cab");
  EXPECT_EQ(in_order(TaskOrder::name, 9), "abc");
  EXPECT_EQ(first_tasks(Evidence{}, TaskOrder::name, 9).size(), 0U);
}

TEST(Attribution, ProtectedIsTheBiggestThatMayNotBeKilled) {
  report::Report report;
  report.tasks = {task("a", 1, 100), task("b", 2, 300), task("c", 3, 200), task("d", 4, 250)};
  report.tasks[0].oom_score_adj = -1000;
  report.tasks[2].oom_score_adj = -1000;
  report.tasks[3].oom_score_adj = -999;
  const Attributed given(report);
  ASSERT_TRUE(given.who.unkillable);
  EXPECT_EQ(given.who.unkillable->task->comm, "c");
}

TEST(Attribution, AThreadGroupIsOneAndKeepsTheRowOfTheVictim) {
  report::Report report;
  report.tasks = {task("java", 10, 500), task("java", 11, 500), task("other", 12, 1)};
  report.tasks[0].swapents = report.tasks[1].swapents = 5;
  report.tasks[1].tgid = 10;
  report.victims.emplace_back().pid = 11;
  const Attributed given(report);
  EXPECT_EQ(given.who.processes, 2U);
  EXPECT_EQ(given.name("java").count, 1U);
  EXPECT_EQ(given.name("java").memory, pages(500));
  EXPECT_EQ(given.who.top.front().task->pid, 11);
  EXPECT_EQ(given.who.swap, pages(5));
}

TEST(Attribution, RowsWithoutNumbersOfTheirGroupAreNotOne) {
  report::Report report;
  report.tasks = {task("a", 0, 5), task("b", 0, 6)};
  EXPECT_EQ(Attributed(report).who.processes, 2U);
}

TEST(Names, CountSharedMemoryOnceWhereTheTableTellsIt) {
  report::Report report = machine_with_tasks();
  report.tasks = {task_of_kinds("postgres", 1, 300, 50, 4000),
                  task_of_kinds("postgres", 2, 200, 60, 3000),
                  task_of_kinds("postgres", 3, 100, 40, 1000), task_of_kinds("sh", 4, 10, 20, 0)};
  report.tasks[1].pgtables_bytes = pages(10).count();
  const Attributed given(report);
  const NameUse& use = given.name("postgres");
  EXPECT_EQ(use.count, 3U);
  EXPECT_EQ(use.memory, pages(600 + 60 + 4000 + 10));
  EXPECT_FALSE(use.at_most);
  EXPECT_EQ(use.own, pages(610));
  EXPECT_EQ(use.largest_own, pages(300));
  EXPECT_EQ(use.first_at.line, 1U);
  EXPECT_EQ(given.who.names.front().comm, "postgres");
  EXPECT_FALSE(given.name("sh").at_most);
}

TEST(Names, ThatWereCutOffAreNotOneName) {
  report::Report report = machine_with_tasks();
  report.tasks = {task("", 1, 1000), task("", 2, 2000), task("w", 3, 500)};
  const Attributed given(report);
  ASSERT_EQ(given.who.names.size(), 3U);
  EXPECT_EQ(given.who.names[0].memory, pages(2000));
  EXPECT_EQ(given.who.names[0].count, 1U);
  EXPECT_EQ(given.who.names[1].memory, pages(1000));
}

TEST(Names, AreUpperBoundsWhereItDoesNot) {
  report::Report report = machine_with_tasks();
  report.tasks = {task("w", 1, 1000), task("w", 2, 2000), task("x", 3, 2500)};
  const Attributed given(report);
  EXPECT_EQ(given.name("w").memory, pages(3000));
  EXPECT_TRUE(given.name("w").at_most);
  EXPECT_FALSE(given.name("x").at_most);  // nobody to share with
  EXPECT_EQ(given.who.names.front().comm, "w");
}

TEST(Names, AreNeverMoreThanTheCountersAllow) {
  report::Report report = machine_with_tasks();
  for (int i = 1; i <= 50; ++i) {
    report.tasks.push_back(task("postgres", i, 12000 + static_cast<std::uint64_t>(i)));
    report.tasks.back().page_table_pages = 2;
  }
  const Attributed given(report);
  EXPECT_EQ(given.name("postgres").memory, pages(28000 + 1500 + 5000 + 100));
  EXPECT_TRUE(given.name("postgres").at_most);
  EXPECT_EQ(given.name("postgres").own, pages(28000 + 1500 + 100));

  set_total(report, Field::mapped, 0);
  for (auto& each : report.tasks) {
    each.rss = 40000;  // a counter that lags: never less than the biggest process
  }
  EXPECT_EQ(Attributed(report).name("postgres").memory, pages(40002));
}

TEST(Names, ForksThatShareTheirPagesStayWithinTheCounters) {
  report::Report report = machine_with_tasks();
  report.tasks = {task_of_kinds("redis", 1, 25000, 10, 0), task_of_kinds("redis", 2, 24000, 10, 0)};
  const Attributed given(report);
  EXPECT_EQ(given.name("redis").count, 2U);
  EXPECT_EQ(given.name("redis").memory, pages(29500 + 5000));
  EXPECT_TRUE(given.name("redis").at_most);
}

TEST(Names, OfACgroupAreNeverMoreThanItUsed) {
  report::Report report;
  report.memcg.emplace();
  report.memcg->memory.usage_kib = Read<std::uint64_t>{40000, {0, 7}};
  report.tasks = {task("w", 1, 8000), task("w", 2, 8001)};
  const Attributed given(report);
  EXPECT_EQ(given.name("w").memory, pages(10000));
  report.memcg->memory.usage_kib.reset();
  EXPECT_EQ(Attributed(report).name("w").memory, pages(16001));
}

TEST(Names, BiggestOwnLeavesSharedMemoryOut) {
  report::Report report;
  report.tasks = {task("w", 1, 1000), task("w", 2, 1000), task("w", 3, 1100), task("x", 4, 900)};
  for (auto& each : report.tasks) {
    each.rss_shmem = each.comm == "w" ? 700 : 0;
  }
  const Attributed given(report);
  ASSERT_NE(given.who.biggest_own(), nullptr);
  EXPECT_EQ(given.who.biggest_own()->comm, "w");
  EXPECT_EQ(given.who.biggest_own()->own, pages(300 + 300 + 400));
  EXPECT_EQ(given.who.biggest_own()->largest_own, pages(400));
  report.tasks.back().rss = 1001;
  EXPECT_EQ(Attributed(report).who.biggest_own()->comm, "x");
}

TEST(SharedSpace, IsOneWhenTheMachineCannotHoldBoth) {
  report::Report report = machine_with_tasks();
  report.tasks = {task_of_kinds("make", 1, 27000, 10, 0), task_of_kinds("make", 2, 27000, 10, 0)};
  for (auto& each : report.tasks) {
    each.swapents = 300;
    each.pgtables_bytes = pages(50).count();
    each.total_vm = 60000;
  }
  const Attributed given(report);
  EXPECT_EQ(given.who.processes, 1U);
  EXPECT_EQ(given.name("make").count, 2U);  // processes
  EXPECT_EQ(given.name("make").memory, pages(27060));
  EXPECT_FALSE(given.name("make").at_most);
  EXPECT_EQ(given.who.swap, pages(300));
  EXPECT_EQ(given.who.page_tables, pages(50));
  EXPECT_EQ(given.who.top.size(), 1U);
}

TEST(SharedSpace, IsToldFromRssAloneToo) {
  report::Report report = machine_with_tasks();
  report.tasks = {task("make", 1, 29000), task("make", 2, 29000), task("x", 3, 29000)};
  report.tasks[2].total_vm = 1;
  EXPECT_EQ(Attributed(report).who.processes, 2U);
}

TEST(SharedSpace, WorkersWithTheSameNumbersStayApart) {
  report::Report fits = machine_with_tasks();
  fits.tasks = {task_of_kinds("w", 1, 9000, 10, 0), task_of_kinds("w", 2, 9000, 10, 0),
                task_of_kinds("w", 3, 9000, 10, 0)};
  EXPECT_EQ(Attributed(fits).who.processes, 3U);
  EXPECT_EQ(Attributed(fits).name("w").own, pages(27000));

  // The same numbers under two names.
  report::Report two = machine_with_tasks();
  two.tasks = {task_of_kinds("a", 1, 29500, 10, 0), task_of_kinds("b", 2, 29500, 10, 0)};
  EXPECT_EQ(Attributed(two).who.processes, 2U);

  // Forks that share half of their pages: too much together, but not one of them.
  report::Report forks = machine_with_tasks();
  forks.tasks = {task_of_kinds("w", 1, 20000, 10, 0), task_of_kinds("w", 2, 20000, 10, 0)};
  EXPECT_EQ(Attributed(forks).who.processes, 2U);

  // Nothing tells how much there is.
  report::Report unknown;
  unknown.tasks = {task_of_kinds("w", 1, most / 8192, 0, 0),
                   task_of_kinds("w", 2, most / 8192, 0, 0)};
  EXPECT_EQ(Attributed(unknown).who.processes, 2U);
}

TEST(Totals, SwapIsNotMoreThanIsInUse) {
  report::Report report;
  report.tail.total_swap_kib = Read<std::uint64_t>{4000, {0, 1}};
  report.tail.free_swap_kib = Read<std::uint64_t>{1000, {0, 2}};
  report.tasks = {task("a", 1, 1), task("b", 2, 1)};
  report.tasks[0].swapents = report.tasks[1].swapents = 700;
  EXPECT_EQ(Attributed(report).who.swap, Bytes(3000 * 1024));
  report.tasks[0].swapents = 40;
  EXPECT_EQ(Attributed(report).who.swap, pages(740));
}

TEST(Cgroups, AreThoseOfTheConstraintLineFirst) {
  // On the heap: g++ 12 takes the members of the optional for uninitialized otherwise.
  const auto made = std::make_unique<report::Report>();
  report::Report& report = *made;
  report.memcg.emplace();
  report.memcg->limit_path = "/system.slice/a.service";
  report.memcg->task_path = "/system.slice/a.service/x";
  const Attributed old(report);
  ASSERT_TRUE(old.who.limit && old.who.limit->owner && old.who.victim);
  EXPECT_EQ(old.who.limit->path, "/system.slice/a.service");
  EXPECT_EQ(describe(*old.who.limit->owner), "a.service");
  EXPECT_EQ(old.who.victim->path, "/system.slice/a.service/x");

  report.constraint.emplace();
  report.constraint->oom_memcg = "/b\x1b";
  const Attributed given(report);
  EXPECT_EQ(given.who.limit->path, "/b\\x1b");
  EXPECT_FALSE(given.who.limit->owner);
  EXPECT_EQ(given.who.victim->path, "/system.slice/a.service/x");
}

TEST(Cgroups, OfAKillForTheWholeMachineIsTheVictims) {
  report::Report report;
  report.constraint.emplace();
  report.constraint->task_memcg = "/system.slice/dbus.service";
  const Attributed given(report);
  EXPECT_FALSE(given.who.limit);
  ASSERT_TRUE(given.who.victim);
  EXPECT_EQ(describe(*given.who.victim->owner), "dbus.service");
}

TEST(Attribution, HugeNumbersSaturate) {
  report::Report report = machine_with_tasks();
  for (int i = 1; i <= 5; ++i) {
    report.tasks.push_back(task_of_kinds("w", i, most / 3, most / 3, most / 3));
    report.tasks.back().swapents = most - 1;
    report.tasks.back().pgtables_bytes = most - static_cast<std::uint64_t>(i);
    report.tasks.back().total_vm = most;
  }
  const Attributed given(report);
  EXPECT_EQ(given.who.top.front().total(), Bytes(most));
  EXPECT_EQ(given.name("w").memory, Bytes(most));
  EXPECT_EQ(given.who.page_tables, Bytes(most));
}

// The kernel chooses among those that it lists.
TEST(Attribution, ATableWithoutTheVictimIsCut) {
  const auto is_cut = [](std::int64_t killed, std::int64_t tgid, bool rows = true) {
    report::Report report;
    report.victims.emplace_back().pid = killed;
    if (rows) {
      report.tasks = {task("a", 7, 100)};
      report.tasks[0].tgid = tgid;
    }
    const Attributed given(report);
    EXPECT_EQ(given.who.biggest.has_value(), rows && !given.who.table_cut);
    return given.who.table_cut;
  };
  EXPECT_FALSE(is_cut(7, 7));
  EXPECT_FALSE(is_cut(7, 6));
  EXPECT_FALSE(is_cut(6, 6)) << "a row of its thread";
  EXPECT_TRUE(is_cut(8, 7));
  EXPECT_TRUE(is_cut(1, 7));
  EXPECT_FALSE(is_cut(0, 7)) << "its number is not known";
  EXPECT_FALSE(is_cut(8, 7, false));
}

TEST(Names, AreSumsWhereARowLacksOneOfItsKinds) {
  const auto memory = [](bool anon, bool file, bool shmem) {
    report::Report report;
    for (const std::int64_t pid : {1, 2}) {
      report::Task row = task("a", pid, 300);
      row.rss_anon = anon ? report::MaybeCount(100) : report::MaybeCount();
      row.rss_file = file ? report::MaybeCount(100) : report::MaybeCount();
      row.rss_shmem = shmem ? report::MaybeCount(100) : report::MaybeCount();
      report.tasks.push_back(row);
    }
    const Attributed given(report);
    return std::pair(given.name("a").memory, given.name("a").at_most);
  };
  EXPECT_EQ(memory(true, true, true), std::pair(pages(400), false));
  EXPECT_EQ(memory(false, true, true), std::pair(pages(600), true));
  EXPECT_EQ(memory(true, false, true), std::pair(pages(600), true));
  EXPECT_EQ(memory(true, true, false), std::pair(pages(600), true));
  EXPECT_EQ(memory(false, false, true), std::pair(pages(600), true));
}

// Rows of 300 pages: 256 are worth a look, and the copies have to be the surplus to a tenth.
TEST(SharedSpace, ExplainsNineTenthsOfTheSurplus) {
  const auto processes = [](std::uint64_t anon, std::uint64_t rss = 300) {
    report::Report report = machine_with_tasks();
    set_total(report, Field::active_anon, anon);
    set_total(report, Field::inactive_anon, 0);
    set_total(report, Field::shmem, 0);
    set_total(report, Field::unevictable, 0);
    set_total(report, Field::mapped, 0);
    report.tasks = {task("a", 1, rss), task("a", 2, rss)};
    return Attributed(report).who.processes;
  };
  EXPECT_EQ(processes(300), 1U);
  EXPECT_EQ(processes(330), 1U);
  EXPECT_EQ(processes(331), 2U);
  EXPECT_EQ(processes(0, 256), 1U);
  EXPECT_EQ(processes(0, 255), 2U) << "too small to look for";
  EXPECT_EQ(processes(256, 256), 1U);
  EXPECT_EQ(processes(255, 255), 2U);
}

}  // namespace
}  // namespace whyoom::memory
