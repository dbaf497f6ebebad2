// Where a contradiction begins: the last numbers that still agree, and the first that do not.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "memory/cma_reserved.h"
#include "memory/cross_check.h"
#include "memory/memcg_stat.h"
#include "memory/slub_use.h"
#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

constexpr Place here{0, 1};

Read<std::uint64_t> printed(std::uint64_t value) { return {value, here}; }

// One zone with 1,000,000 kB, all of RAM; 15,000 kB are reserved. No blocks, no node.
report::Report one_zone() {
  report::Report report;
  report::Zone& zone = add_zone(report, 0, "DMA32",
                                {.free = 40'000,
                                 .min = 20'000,
                                 .low = 25'000,
                                 .high = 30'000,
                                 .managed = 985'000,
                                 .reserve = {}});
  zone.fields.set(Field::present, 1'000'000, here);
  report.tail.ram = printed(250'000);
  report.tail.reserved = printed(3'750);
  report.hugepages.push_back({0, 1, 0, 0, KiB(2'048), here});  // tells the size of a page
  report.totals.set(Field::free, 10'000, here);
  return report;
}

bool zone_is_lost(report::Report report) {
  cross_check(report);
  return !report.zones[0].fields.get(Field::min);
}

TEST(CrossCheckBorder, TheReportItselfIsWhole) {
  report::Report report = one_zone();
  EXPECT_FALSE(cross_check(report));
}

// 8 MiB or a twentieth: of 40,000 kB 8,192.
TEST(CrossCheckBorder, BlocksAreAsManyAsAreFree) {
  const auto lost = [](std::uint64_t blocks_kib, std::uint64_t present_kib) {
    report::Report report = one_zone();
    report::Zone& zone = report.zones[0];
    report.tail = {};
    zone.fields.forget(Field::managed);
    zone.fields.set(Field::present, present_kib, here);
    zone.buddy = {{0, blocks_kib / 4, "UM"}};
    zone.buddy_total_kib = printed(blocks_kib);
    zone.smallest_block_kib = 4;
    return zone_is_lost(report);
  };
  EXPECT_FALSE(lost(48'192, 1'000'000));
  EXPECT_TRUE(lost(48'196, 1'000'000));
  // An eighth of a small zone: 6,000 of 48,000 kB.
  EXPECT_FALSE(lost(46'000, 48'000));
  EXPECT_TRUE(lost(46'004, 48'000));
}

TEST(CrossCheckBorder, BlocksAreAddedUpOnlyWhereTheSmallestIsKnown) {
  for (const bool total_is_lost : {true, false}) {
    report::Report report = one_zone();
    report::Zone& zone = report.zones[0];
    zone.buddy = {{0, 25'000, "UM"}};  // 100,000 kB, and not 40,000
    zone.smallest_block_kib = total_is_lost ? 4 : 0;
    if (!total_is_lost) {
      zone.buddy_total_kib = printed(40'000);
    }
    EXPECT_FALSE(cross_check(report));
  }
  report::Report report = one_zone();
  report.zones[0].buddy = {{0, 40'000, "UM"}};
  report.zones[0].buddy_total_kib = printed(40'000);
  report.zones[0].smallest_block_kib = 1;
  EXPECT_FALSE(cross_check(report)) << "of 1 kB";
}

// "= 40000kB" is wrong, the blocks are right; or the blocks are wrong too.
TEST(CrossCheckBorder, BlocksThatAgreeWithWhatIsFreeStay) {
  const auto blocks_left = [](std::uint64_t blocks_kib, bool free_is_known) {
    report::Report report = one_zone();
    report::Zone& zone = report.zones[0];
    zone.buddy = {{0, blocks_kib / 4, "UM"}, {31, 5, "UM"}};  // no block has an order of 31
    zone.buddy_total_kib = printed(4'000);
    zone.smallest_block_kib = 4;
    if (!free_is_known) {
      zone.fields.forget(Field::free);
    }
    EXPECT_TRUE(cross_check(report));
    EXPECT_FALSE(report.zones[0].buddy_total_kib);
    return !report.zones[0].buddy.empty();
  };
  EXPECT_TRUE(blocks_left(40'000, true));
  EXPECT_TRUE(blocks_left(48'192, true));
  EXPECT_FALSE(blocks_left(48'196, true));
  EXPECT_FALSE(blocks_left(40'000, false));
}

// low - min is 5,000 kB; high - low may differ by an eighth of the larger, or be min / 4.
TEST(CrossCheckBorder, TheGapsBetweenTheMarksDifferByAnEighthAtMost) {
  const auto lost = [](std::uint64_t min, std::uint64_t low, std::uint64_t high) {
    report::Report report = one_zone();
    auto& fields = report.zones[0].fields;
    fields.set(Field::min, min, here);
    fields.set(Field::low, low, here);
    fields.set(Field::high, high, here);
    return zone_is_lost(report);
  };
  // min / 4 is far: 40 kB. The second gap is 875 to 1,142 kB for the first of 1,000.
  EXPECT_FALSE(lost(160, 1'160, 1'160 + 1'142));
  EXPECT_TRUE(lost(160, 1'160, 1'160 + 1'143));
  EXPECT_FALSE(lost(160, 1'160, 1'160 + 875));
  EXPECT_TRUE(lost(160, 1'160, 1'160 + 874));
  // Four pages are rounding: of gaps of 50 kB 16 kB.
  EXPECT_FALSE(lost(160, 210, 210 + 66));
  EXPECT_TRUE(lost(160, 210, 210 + 67));
  // extra_free_kbytes is in low alone: high - low is min / 4, here 5,000 kB, of 4,375 to 5,714.
  EXPECT_FALSE(lost(20'000, 60'000, 65'714));
  EXPECT_TRUE(lost(20'000, 60'000, 65'715));
  EXPECT_FALSE(lost(20'000, 60'000, 64'375));
  EXPECT_TRUE(lost(20'000, 60'000, 64'374));
}

TEST(CrossCheckBorder, MarksOfWhichOneIsNotPrintedAreNotCompared) {
  for (const Field cut : {Field::min, Field::low, Field::high}) {
    report::Report report = one_zone();
    report.zones[0].fields.set(Field::low, 900'000, here);
    report.zones[0].fields.forget(cut);
    EXPECT_FALSE(cross_check(report));
  }
}

// Only between two that are more is one a dip.
TEST(CrossCheckBorder, AReserveMayGoDownAtItsEndOnly) {
  const auto cleared = [](std::vector<std::uint64_t> reserve) {
    report::Report report = one_zone();
    report.zones[0].lowmem_reserve = std::move(reserve);
    cross_check(report);
    return report.zones[0].lowmem_reserve.empty();
  };
  EXPECT_FALSE(cleared({0, 900, 900, 100}));
  EXPECT_FALSE(cleared({0, 900, 100, 100, 100}));
  EXPECT_TRUE(cleared({0, 900, 899, 900}));
  EXPECT_TRUE(cleared({5, 4, 9, 9}));
  EXPECT_FALSE(cleared({5, 4, 4, 9}));
}

// A zone manages no more than it has, and has no more free than it manages: 8 MiB are drift, of a
// small zone an eighth.
TEST(CrossCheckBorder, AZoneHasWhatItManages) {
  const auto managed_is_lost = [](std::uint64_t free, std::uint64_t managed, Maybe<KiB> present) {
    report::Report report = one_zone();
    report.tail = {};
    report.totals.set(Field::free, free / 4, here);
    auto& fields = report.zones[0].fields;
    fields.set(Field::free, free, here);
    fields.set(Field::managed, managed, here);
    present ? fields.set(Field::present, present->value.count(), here)
            : fields.forget(Field::present);
    report.zones[0].buddy = {{0, free / 4, "UM"}};
    report.zones[0].buddy_total_kib = printed(free);
    report.zones[0].smallest_block_kib = 4;
    cross_check(report);
    return !report.zones[0].fields.get(Field::managed);
  };
  const Maybe<KiB> none;
  EXPECT_FALSE(managed_is_lost(4'000, 100'000, Read<KiB>{KiB(100'000), here}));
  EXPECT_TRUE(managed_is_lost(4'000, 100'001, Read<KiB>{KiB(100'000), here}));
  EXPECT_FALSE(managed_is_lost(108'192, 100'000, none));
  EXPECT_TRUE(managed_is_lost(108'196, 100'000, none));
  EXPECT_FALSE(managed_is_lost(18'000, 16'000, none));
  EXPECT_TRUE(managed_is_lost(18'004, 16'000, none));
}

// The zone has 1,000,000 kB and manages 985,000: 15,000 reserved, give or take 8,192 kB or, of a
// larger machine, a hundredth.
TEST(CrossCheckBorder, WhatIsReservedIsWhatTheZonesDoNotManage) {
  const auto lost = [](std::uint64_t ram_kib, std::uint64_t reserved_kib) {
    report::Report report = one_zone();
    auto& fields = report.zones[0].fields;
    fields.set(Field::present, ram_kib, here);
    fields.set(Field::managed, ram_kib - 400'000, here);
    report.tail.ram = printed(ram_kib / 4);
    report.tail.reserved = printed(reserved_kib / 4);
    cross_check(report);
    EXPECT_EQ(report.tail.reserved.has_value(),
              report.zones[0].fields.get(Field::managed).has_value());
    return !report.tail.reserved;
  };
  EXPECT_FALSE(lost(1'000'000, 408'192));
  EXPECT_TRUE(lost(1'000'000, 408'196));
  EXPECT_FALSE(lost(1'000'000, 391'808));
  EXPECT_TRUE(lost(1'000'000, 391'804));
  // A hundredth of what RAM less the reserved is.
  EXPECT_FALSE(lost(4'000'000, 363'640));
  EXPECT_TRUE(lost(4'000'000, 363'636));
}

TEST(CrossCheckBorder, WithoutAllZonesWhatIsReservedSaysNothing) {
  const auto lost = [](std::uint64_t more_ram_kib) {
    report::Report report = one_zone();
    report.tail.ram = printed((1'000'000 + more_ram_kib) / 4);
    report.tail.reserved = printed(30'000);
    cross_check(report);
    return !report.tail.reserved;
  };
  EXPECT_TRUE(lost(10'000)) << "1 % of it";
  EXPECT_FALSE(lost(10'108));
  for (const Field cut : {Field::present, Field::managed}) {
    report::Report report = one_zone();
    report.tail.reserved = printed(30'000);
    report.zones[0].fields.forget(cut);
    cross_check(report);
    EXPECT_TRUE(report.tail.reserved);
  }
}

// A counter whose part is less is wrong only when the zones are all of RAM: to 2 %.
TEST(CrossCheckBorder, TheZonesAreAllOfRamToTwoPerCent) {
  const auto is_all = [](std::uint64_t ram_kib) {
    report::Report report = one_zone();
    report.tail.reserved.reset();
    report.tail.ram = printed(ram_kib / 4);
    report.nodes.emplace_back().fields.set(Field::active_anon, 10'000, here);
    report.totals.set(Field::active_anon, 100'000, here);  // pages
    cross_check(report);
    return !report.totals.get(Field::active_anon);
  };
  EXPECT_TRUE(is_all(1'020'408));
  EXPECT_FALSE(is_all(1'020'412));
  EXPECT_TRUE(is_all(980'396));
  EXPECT_FALSE(is_all(980'388));
}

// 2 x what all tables take, and 8 MiB: processes share an address space.
TEST(CrossCheckBorder, TheTablesOfTheTasksAreInTheirCounter) {
  const auto lost = [](std::uint64_t tables_kib) {
    report::Report report = one_zone();
    report.totals.set(Field::pagetables, 5'000, here);  // 20,000 kB
    report::Task task;
    report.tasks.push_back(task);  // without a column for it
    task.pgtables_bytes = tables_kib * 1'024;
    report.tasks.push_back(task);
    cross_check(report);
    return !report.totals.get(Field::pagetables);
  };
  EXPECT_FALSE(lost(48'192));
  EXPECT_TRUE(lost(48'193));
  report::Report report = one_zone();
  report.tasks.emplace_back().pgtables_bytes = 1U << 30U;
  EXPECT_FALSE(cross_check(report)) << "the counter is not there";
}

TEST(CrossCheckBorder, ACounterThatIsMoreThanRamIsNone) {
  const auto lost = [](Field field, std::uint64_t pages) {
    report::Report report = one_zone();
    report.tail.reserved.reset();
    report.totals.set(field, pages, here);
    cross_check(report);
    return !report.totals.get(field);
  };
  // 1,000,000 kB and a twentieth of the larger.
  for (const Field field : {Field::pagetables, Field::free_pcp}) {
    EXPECT_FALSE(lost(field, 263'157));
    EXPECT_TRUE(lost(field, 263'159));
  }
}

// Where the counters alone are too much, the pools are not the ones to go.
TEST(CrossCheckBorder, PoolsGoOnlyWhereTheyMakeItTooMuch) {
  report::Report report = one_zone();
  report.totals.set(Field::slab_unreclaimable, 260'000, here);
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.hugepages.empty());
  EXPECT_FALSE(report.hugepages_cut);
}

// ---- Cgroups

report::Report full_cgroup(std::uint64_t kib) {
  report::Report report;
  report::Memcg& memcg = report.memcg.emplace();
  memcg.memory = {printed(kib), printed(kib), {}};
  return report;
}

void set_stats(report::Memcg& memcg,
               std::initializer_list<std::pair<const char*, std::uint64_t>> kib) {
  for (const auto& [name, size] : kib) {
    memcg.stats.push_back({name, size * 1'024, true, here});
  }
}

bool usage_is_lost(report::Report report) {
  cross_check(report);
  return !report.memcg->memory.usage_kib;
}

// A full cgroup has nine tenths of its limit, and no more than it: 8 MiB are drift.
TEST(CrossCheckBorder, TheUsageOfACgroupIsAtItsLimit) {
  const auto lost = [](std::uint64_t usage) {
    report::Report report = full_cgroup(100'000);
    report.memcg->memory.usage_kib = printed(usage);
    return usage_is_lost(report);
  };
  EXPECT_FALSE(lost(90'000));
  EXPECT_TRUE(lost(89'999));
  EXPECT_FALSE(lost(108'192));
  EXPECT_TRUE(lost(108'193));
}

TEST(CrossCheckBorder, AnotherCounterMayBeTheFullOne) {
  const auto lost = [](Maybe<std::uint64_t> usage, Maybe<std::uint64_t> limit) {
    report::Report report = full_cgroup(100'000);
    report.memcg->memory.usage_kib = printed(50'000);
    report.memcg->kmem.usage_kib = usage;
    report.memcg->kmem.limit_kib = limit;
    return usage_is_lost(report);
  };
  EXPECT_FALSE(lost(printed(9'000), printed(10'000)));
  EXPECT_TRUE(lost(printed(8'999), printed(10'000)));
  EXPECT_TRUE(lost(std::nullopt, printed(10'000)));
  EXPECT_TRUE(lost(printed(9'000), std::nullopt));
}

TEST(CrossCheckBorder, AUsageWithoutALimitIsNotCompared) {
  report::Report report = full_cgroup(100'000);
  report.memcg->memory.usage_kib = printed(1);
  report.memcg->memory.limit_kib = printed(9'007'199'254'740'988);
  EXPECT_FALSE(usage_is_lost(report));
  report = full_cgroup(100'000);
  report.memcg->memory.usage_kib.reset();
  EXPECT_FALSE(cross_check(report));
}

// A quarter of the usage and 8 MiB: 25,000 + 8,192 kB of 100,000.
TEST(CrossCheckBorder, ThePartsOfACgroupAddUpToItsUsage) {
  const auto contradicts = [](std::uint64_t anon, std::uint64_t file, std::uint64_t kernel,
                              std::uint64_t sock) {
    report::Report report = full_cgroup(100'000);
    set_stats(*report.memcg, {{"anon", anon}, {"file", file}, {"kernel", kernel}, {"sock", sock}});
    return cross_check(report);
  };
  EXPECT_FALSE(contradicts(40'000, 20'000, 6'000, 808));
  EXPECT_TRUE(contradicts(40'000, 20'000, 6'000, 807));
  EXPECT_FALSE(contradicts(100'000, 20'000, 13'000, 192));
  EXPECT_TRUE(contradicts(100'000, 20'000, 13'000, 193));
}

// Before 5.18 there is no `kernel`: what is missing may be kernel memory that nothing prints.
TEST(CrossCheckBorder, WithoutTheKernelsMemoryLessIsNoContradiction) {
  const auto contradicts = [](const char* name, std::uint64_t anon) {
    report::Report report = full_cgroup(100'000);
    set_stats(*report.memcg, {{"anon", anon}, {"file", 0}, {name, 0}});
    return cross_check(report);
  };
  EXPECT_FALSE(contradicts("sock", 40'000));
  EXPECT_TRUE(contradicts("kernel", 40'000));
  EXPECT_TRUE(contradicts("slab", 40'000)) << "of a version that prints no sockets";
  EXPECT_TRUE(contradicts("sock", 140'000)) << "more is";
  report::Report report = full_cgroup(100'000);
  report.memcg->kmem.usage_kib = printed(0);
  set_stats(*report.memcg, {{"anon", 40'000}, {"file", 0}, {"sock", 0}});
  EXPECT_TRUE(cross_check(report)) << "version 1 counts it";
}

TEST(CrossCheckBorder, ThePartsOfTheKernelsMemoryAreInIt) {
  const auto kernel_is_lost = [](std::uint64_t slab) {
    report::Report report = full_cgroup(100'000);
    set_stats(
        *report.memcg,
        {{"anon", 50'000}, {"file", 50'000}, {"kernel", 5'000}, {"percpu", 1'000}, {"slab", slab}});
    cross_check(report);
    return !memcg_stat(*report.memcg, {"kernel"}) && memcg_stat(*report.memcg, {"slab"});
  };
  EXPECT_FALSE(kernel_is_lost(12'192));
  EXPECT_TRUE(kernel_is_lost(12'193));
}

// Without `shmem` it is what the lists have beyond `anon`, and is file pages: a quarter of the
// lists is on its way, up to 8 MiB.
TEST(CrossCheckBorder, WhatTheListsHaveBeyondTheProcessesIsFilePages) {
  const auto lists_are_lost = [](std::uint64_t active, std::uint64_t inactive) {
    report::Report report = full_cgroup(100'000);
    set_stats(
        *report.memcg,
        {{"anon", 60'000}, {"file", 30'000}, {"active_anon", active}, {"inactive_anon", inactive}});
    cross_check(report);
    return !memcg_stat(*report.memcg, {"active_anon"});
  };
  EXPECT_FALSE(lists_are_lost(68'192, 30'000));
  EXPECT_TRUE(lists_are_lost(68'193, 30'000));
}

// Each set of lists against its sum: a tenth of the larger.
TEST(CrossCheckBorder, EachListOfACgroupFitsToItsSum) {
  const auto lost = [](const char* name, std::uint64_t kib) {
    report::Report report = full_cgroup(1'000'000);
    set_stats(*report.memcg, {{"anon", 700'000},
                              {"file", 300'000},
                              {"shmem", 100'000},
                              {"active_anon", 300'000},
                              {"inactive_anon", 490'000},
                              {"active_file", 150'000},
                              {"inactive_file", 50'000},
                              {"unevictable", 10'000}});
    for (report::MemcgStat& stat : report.memcg->stats) {
      stat.value = stat.name == name ? kib * 1'024 : stat.value;
    }
    cross_check(report);
    return !memcg_stat(*report.memcg, {name});
  };
  // 800,000 kB of anonymous memory, the larger may be 888,888; 300,000 of files, 333,333.
  EXPECT_FALSE(lost("active_anon", 388'888));
  EXPECT_TRUE(lost("active_anon", 388'889));
  EXPECT_FALSE(lost("inactive_file", 83'333));
  EXPECT_TRUE(lost("inactive_file", 83'334));
}

TEST(CrossCheckBorder, AListThatIsNotPrintedIsNotCompared) {
  for (const char* lost : {"anon", "file", "shmem", "active_anon", "inactive_anon", "active_file",
                           "inactive_file", "unevictable"}) {
    report::Report report = full_cgroup(100'000);
    set_stats(*report.memcg, {{"anon", 70'000},
                              {"file", 30'000},
                              {"shmem", 20'000},
                              {"active_anon", 70'000},
                              {"inactive_anon", 20'000},
                              {"active_file", 5'000},
                              {"inactive_file", 5'000},
                              {"unevictable", 0}});
    std::erase_if(report.memcg->stats, [lost](const auto& stat) { return stat.name == lost; });
    EXPECT_FALSE(cross_check(report)) << lost;
  }
}

}  // namespace
}  // namespace whyoom::memory
