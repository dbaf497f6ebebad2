#include "memory/impossible.h"

#include <gtest/gtest.h>

#include <string>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

constexpr Place impossible_at{0, 7};

TEST(Impossible, AHugePageIsAPowerOfTwoOfPages) {
  const auto is = [](std::uint64_t kib, std::uint64_t pages = 10) {
    report::Report report;
    report.hugepages.push_back({0, pages, 0, 0, KiB(kib), impossible_at});
    const bool found = take_out_impossible(report, page_4k);
    EXPECT_EQ(report.hugepages.empty(), found);
    EXPECT_EQ(report.hugepages_cut.has_value(), found && pages > 0);
    return found;
  };
  for (const std::uint64_t kib : {64U, 1024U, 2048U, 4096U, 32'768U, 1'048'576U}) {
    EXPECT_FALSE(is(kib)) << kib;
  }
  for (const std::uint64_t kib : {0U, 4U, 204U, 2948U, 8048U, 20'448U}) {
    EXPECT_TRUE(is(kib)) << kib;
  }
  EXPECT_TRUE(is(204, 0)) << "nothing is in that pool";
}

TEST(Impossible, OfAPoolNoMoreIsFreeOrSurplusThanThereIs) {
  const auto is = [](std::uint64_t free, std::uint64_t surplus, std::uint64_t total = 10) {
    report::Report report;
    report.hugepages.push_back({0, total, free, surplus, KiB(2048), impossible_at});
    const bool found = take_out_impossible(report, page_4k);
    EXPECT_EQ(report.hugepages_cut.has_value(), found && total > 0);
    return found;
  };
  EXPECT_FALSE(is(10, 10));
  EXPECT_TRUE(is(11, 0));
  EXPECT_TRUE(is(0, 11));
  EXPECT_TRUE(is(2, 0, 1));
  EXPECT_TRUE(is(1, 0, 0));
}

TEST(Impossible, ACostlyOrderKillsNobody) {
  const auto is = [](int order, report::Kind kind) {
    report::Report report;
    report.kind = kind;
    set_request(report, {}, order);
    return take_out_impossible(report, page_4k);
  };
  EXPECT_FALSE(is(3, report::Kind::oom_kill));
  EXPECT_TRUE(is(4, report::Kind::oom_kill));
  EXPECT_FALSE(is(4, report::Kind::page_allocation_failure));
}

TEST(Impossible, ARequestAboveTheLargestBlockIsNotReported) {
  const auto is = [](int order, bool whole = true) {
    report::Report report;
    report.kind = report::Kind::page_allocation_failure;
    set_request(report, {}, order);
    add_zone(report, 0, "Normal", {1000, 100, 125, 150, 4000, {}});
    report.zones[0].buddy = {{0, 1, "U"}, {9, 0, ""}, {10, 0, ""}};
    if (whole) {
      report.zones[0].buddy_total_kib = Read<std::uint64_t>{4, impossible_at};
    }
    const bool found = take_out_impossible(report, page_4k);
    EXPECT_EQ(report.trigger->order.has_value(), !found);
    return found;
  };
  EXPECT_FALSE(is(10));
  EXPECT_TRUE(is(11));
  EXPECT_FALSE(is(11, false)) << "the free lists are cut";
}

TEST(Impossible, SlubAsksForOneOfItsTwoOrders) {
  const auto is = [](int order) {
    report::Report report;
    report.kind = report::Kind::page_allocation_failure;
    set_request(report, {}, order);
    report.slub.emplace();
    report.slub->default_order = 3;
    report.slub->min_order = 1;
    return take_out_impossible(report, page_4k);
  };
  EXPECT_FALSE(is(1));
  EXPECT_FALSE(is(3));
  EXPECT_TRUE(is(6));
}

TEST(Impossible, NoProcessHasSharedMemoryInTenPlaces) {
  const auto is = [](std::uint64_t shmem_pages, std::uint64_t kib_of_victim) {
    report::Report report;
    report.totals.set(Field::shmem, shmem_pages, impossible_at);
    report.victims.emplace_back().shmem_rss_kib = kib_of_victim;
    const bool found = take_out_impossible(report, page_4k);
    EXPECT_EQ(report.totals.get(Field::shmem).has_value(), !found);
    return found;
  };
  EXPECT_FALSE(is(111'222, 444'456));
  EXPECT_FALSE(is(111'222, 3 * 444'456)) << "the heap of ZGC, mapped three times";
  EXPECT_FALSE(is(111'222, 4 * 444'888));
  EXPECT_TRUE(is(111'222, 5 * 444'888));
  EXPECT_FALSE(is(11'222, 52'000)) << "it may drift by 8 MiB";
  report::Report report;
  report.totals.set(Field::shmem, 111'222, impossible_at);
  report.tasks.emplace_back().rss_shmem = 4 * 111'222;
  EXPECT_FALSE(take_out_impossible(report, page_4k));
  report.tasks.emplace_back().rss_shmem = 5 * 111'222;
  EXPECT_TRUE(take_out_impossible(report, page_4k));
}

// 2.6.32 prints the machine's numbers with those of a cgroup.
TEST(Impossible, OfACgroupAndOfTheMachineAtOnceAreTwoReports) {
  const auto is = [](const std::string& release, bool machine) {
    report::Report report;
    report.stack.emplace().release = release;
    report.memcg.emplace().memory.usage_kib = Read<std::uint64_t>{49'152, impossible_at};
    if (machine) {
      report.totals.set(Field::free, 10'000, impossible_at);
    }
    const bool found = take_out_impossible(report, page_4k);
    EXPECT_EQ(report.mixed_at.has_value(), found);
    return found;
  };
  EXPECT_TRUE(is("5.10.0-32-cloud-amd64", true));
  EXPECT_TRUE(is("3.10.0-1062.el7.x86_64", true));
  EXPECT_FALSE(is("2.6.32-642.el6.x86_64", true));
  EXPECT_FALSE(is("", true)) << "it may be of 2.6.32";
  EXPECT_FALSE(is("5.10.0-32-cloud-amd64", false));
  const auto panics = [](report::Panic::Reason reason) {
    report::Report report;
    report.stack.emplace().release = "6.12.9";
    report.memcg.emplace().memory.usage_kib = Read<std::uint64_t>{49'152, impossible_at};
    report.panic.emplace().reason = reason;
    return take_out_impossible(report, page_4k);
  };
  EXPECT_TRUE(panics(report::Panic::Reason::deadlocked)) << "which only the machine is";
  EXPECT_TRUE(panics(report::Panic::Reason::no_killable));
  EXPECT_FALSE(panics(report::Panic::Reason::panic_on_oom_compulsory)) << "panic_on_oom is 2";
}

// Each number of a cgroup with each of the machine, and what is of a later kernel than 3.8.
TEST(Impossible, OneNumberOfEachIsEnough) {
  const auto add_usage = [](report::Report& report) {
    report.memcg->memory.usage_kib = Read<std::uint64_t>{49'152, impossible_at};
  };
  const auto add_free = [](report::Report& report) {
    report.totals.set(Field::free, 10'000, impossible_at);
  };
  const auto is = [](auto of_cgroup, auto of_machine, auto later) {
    report::Report report;
    report.memcg.emplace();
    of_cgroup(report);
    of_machine(report);
    later(report);
    return take_out_impossible(report, page_4k);
  };
  const auto none = [](report::Report& /*report*/) {};
  const auto set_39 = [](report::Report& report) { set_release(report, "3.9.0"); };
  EXPECT_TRUE(is(add_usage, add_free, set_39));
  EXPECT_FALSE(is(none, add_free, set_39));
  EXPECT_FALSE(is(add_usage, none, set_39));
  EXPECT_FALSE(is(add_usage, add_free, none));
  EXPECT_FALSE(
      is(add_usage, add_free, [](report::Report& report) { set_release(report, "3.8.13"); }));
  EXPECT_TRUE(
      is(add_usage, add_free, [](report::Report& report) { report.tail.since_3_9 = true; }));
  EXPECT_TRUE(is(add_usage, add_free, [](report::Report& report) { report.constraint.emplace(); }));
  EXPECT_TRUE(is(add_usage, add_free,
                 [](report::Report& report) { report.victims.emplace_back().shmem_rss_kib = 0; }));
  EXPECT_TRUE(is(
      [](report::Report& report) {
        report.memcg->memsw.usage_kib = Read<std::uint64_t>{49'152, impossible_at};
      },
      add_free, set_39));
  EXPECT_TRUE(
      is([](report::Report& report) { report.memcg->stats.emplace_back(); }, add_free, set_39));
  EXPECT_TRUE(is(
      add_usage, [](report::Report& report) { set_ram(report, 1000, 0); }, set_39));
  EXPECT_TRUE(is(
      add_usage, [](report::Report& report) { set_total(report, Field::active_anon, 1); }, set_39));
  EXPECT_TRUE(is(
      add_usage,
      [](report::Report& report) {
        add_zone(report, 0, "Normal", {1, 1, 1, 1, 9, {}});
      },
      set_39));
}

}  // namespace
}  // namespace whyoom::memory
