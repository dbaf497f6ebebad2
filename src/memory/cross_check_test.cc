#include "memory/cross_check.h"

#include <gtest/gtest.h>

#include "memory/memcg_stat.h"
#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

constexpr Place at{0, 1};

// 1 GiB in one zone on one node, all of it printed.
report::Report whole() {
  report::Report report;
  report::Zone& zone = add_zone(report, 0, "DMA32",
                                {.free = 40'000,
                                 .min = 22'000,
                                 .low = 27'500,
                                 .high = 33'000,
                                 .managed = 995'000,
                                 .reserve = {}});
  zone.fields.set(Field::present, 1'048'576, at);
  zone.fields.set(Field::active_anon, 600'000, at);
  zone.buddy = {{0, 2'000, "UM"}, {3, 1'000, "UM"}};
  zone.buddy_total_kib = Read<std::uint64_t>{40'000, at};
  zone.smallest_block_kib = 4;
  report.nodes.emplace_back().fields.set(Field::active_anon, 600'000, at);
  report.totals.set(Field::active_anon, 150'000, at);
  report.totals.set(Field::free, 10'000, at);
  report.tail.ram = Read<std::uint64_t>{262'144, at};
  report.tail.reserved = Read<std::uint64_t>{262'144 - 995'000 / 4, at};
  report.hugepages.push_back({0, 10, 5, 0, KiB(2048), at});
  return report;
}

TEST(CrossCheck, LeavesAWholeReportAlone) {
  report::Report report = whole();
  EXPECT_FALSE(cross_check(report));
  EXPECT_TRUE(report.damage.empty());
  EXPECT_EQ(report.totals.count(), 2U);
}

TEST(CrossCheck, ANumberThatTwoSpeakAgainstIsUnknown) {
  report::Report report = whole();
  report.totals.set(Field::active_anon, 15'000, at);
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.totals.get(Field::active_anon));
  EXPECT_TRUE(report.nodes[0].fields.get(Field::active_anon));
  EXPECT_EQ(report.damage.size(), 1U);
}

// The lines of a second node are lost, so the totals are more than what is printed.
TEST(CrossCheck, PartsOfWhichSomeAreLostAreLessThanTheWhole) {
  report::Report report = whole();
  report.totals.set(Field::active_anon, 270'000, at);
  report.tail.ram->value = 524'288;
  report.tail.reserved->value = 524'288 - 2 * 995'000 / 4;
  EXPECT_FALSE(cross_check(report));
  EXPECT_TRUE(report.totals.get(Field::active_anon));
}

// Two nodes with shmem at the end, as 4.9.0-rc3 has it.
report::Report with_shmem_last() {
  report::Report report = whole();
  report.nodes.clear();
  report.totals.set(Field::shmem, 31'700, at);
  for (const std::uint64_t kib : {94'840U, 31'960U}) {
    auto& fields = report.nodes.emplace_back().fields;
    fields.set(Field::shmem, 2'048, at);
    fields.set(Field::shmem_thp, 1'024, at);
    fields.set(Field::shmem_pmdmapped, 40'960, at);
    fields.set(Field::anon_thp, kib, at);
  }
  return report;
}

TEST(CrossCheck, KnowsTheKernelsThatPrintShmemLast) {
  report::Report report = with_shmem_last();
  EXPECT_FALSE(cross_check(report));
  EXPECT_EQ(report.totals.get(Field::shmem)->value, 31'700U);
  const auto& fields = report.nodes[1].fields;
  EXPECT_EQ(fields.get(Field::shmem)->value, 31'960U);
  EXPECT_EQ(fields.get(Field::shmem_thp)->value, 2'048U);
  EXPECT_EQ(fields.get(Field::shmem_pmdmapped)->value, 1'024U);
  EXPECT_EQ(fields.get(Field::anon_thp)->value, 40'960U);
}

TEST(CrossCheck, ShmemThatNoOrderExplainsIsUnknown) {
  report::Report report = with_shmem_last();
  report.nodes[0].fields.set(Field::anon_thp, 194'840, at);
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.totals.get(Field::shmem));

  report = with_shmem_last();
  report.nodes[0].fields.set(Field::shmem, 994'840, at);
  EXPECT_TRUE(cross_check(report)) << "more huge pages of shmem than shmem";
  EXPECT_FALSE(report.totals.get(Field::shmem));

  report = with_shmem_last();
  for (auto& node : report.nodes) {  // in order, and as much in huge pages of processes
    node.fields.set(Field::shmem, node.fields.get(Field::anon_thp)->value, at);
  }
  EXPECT_FALSE(cross_check(report));
  EXPECT_EQ(report.nodes[1].fields.get(Field::anon_thp)->value, 31'960U);
}

TEST(CrossCheck, OfTwoThatContradictEachOtherNeitherIsBelieved) {
  report::Report report = whole();
  report.zones[0].fields.forget(Field::active_anon);
  report.nodes[0].fields.set(Field::active_anon, 60'000, at);
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.totals.get(Field::active_anon));
  EXPECT_FALSE(report.nodes[0].fields.get(Field::active_anon));
}

TEST(CrossCheck, OfThreeThatAllDifferNoneIsBelieved) {
  report::Report report = whole();
  report.totals.set(Field::active_anon, 15'000, at);
  report.nodes[0].fields.set(Field::active_anon, 300'000, at);
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.totals.get(Field::active_anon));
  EXPECT_FALSE(report.nodes[0].fields.get(Field::active_anon));
  EXPECT_FALSE(report.zones[0].fields.get(Field::active_anon));
}

TEST(CrossCheck, CountersMayDrift) {
  report::Report report = whole();
  report.totals.set(Field::active_anon, 152'000, at);  // 8,000 kB
  EXPECT_FALSE(cross_check(report));
}

TEST(CrossCheck, FreeMemoryIsWhatTheBlocksAddUpTo) {
  report::Report report = whole();
  report.zones[0].fields.set(Field::free, 400'000, at);
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.zones[0].fields.get(Field::free)) << "the zone is lost";
}

TEST(CrossCheck, TheGapsBetweenTheMarksAreTheSame) {
  report::Report report = whole();
  report.zones[0].fields.set(Field::min, 2'200, at);
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.zones[0].fields.get(Field::min));
}

TEST(CrossCheck, BlocksThatAreIsolatedAreOnTheListsAndNotFree) {
  // Of the 32 MB in blocks of order 3 some are isolated, and more than are there cannot be.
  for (const auto& [types, free, agrees] :
       {std::tuple("UMI", 50'000U, true), std::tuple("UM", 50'000U, false),
        std::tuple("UMI", 20'000U, false), std::tuple("UMI", 95'000U, false)}) {
    report::Report report = whole();
    report.zones[0].buddy = {{0, 10'000, "UM"}, {3, 1'000, types}};
    report.zones[0].buddy_total_kib->value = 72'000;
    report.zones[0].fields.set(Field::free, free, at);
    report.totals.set(Field::free, free / 4, at);
    EXPECT_EQ(cross_check(report), !agrees) << types << free;
    EXPECT_EQ(report.zones[0].fields.get(Field::free).has_value(), agrees);
  }
}

TEST(CrossCheck, ABoostLeavesTheMinWithinFourGaps) {
  report::Report report = whole();
  auto& fields = report.zones[0].fields;
  for (const Field mark : {Field::min, Field::low, Field::high}) {
    fields.set(mark, fields.get(mark)->value + 90'000, at);
  }
  fields.set(Field::boost, 90'000, at);
  EXPECT_FALSE(cross_check(report));
  // Four pages for each gap are its rounding.
  fields.set(Field::boost, 90'000 - 4 * 16, at);
  EXPECT_FALSE(cross_check(report));
  fields.set(Field::boost, 90'000 - 4 * 16 - 1, at);
  EXPECT_TRUE(cross_check(report));
}

TEST(CrossCheck, RamIsWhatTheZonesHave) {
  report::Report report = whole();
  report.tail.ram->value = 26'214;
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.tail.ram);
}

// Of ZONE_DMA even 8 MiB are no drift.
// Of another zone the sizes are lost: those of one are a part of RAM all the same.
TEST(CrossCheck, RamIsNoLessThanTheZonesThatAreLeft) {
  report::Report report = whole();
  report.zones.emplace_back().name = "DMA";
  report.tail.ram->value = 241'000;
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.tail.ram);
  report = whole();
  report.zones.emplace_back().name = "DMA";
  EXPECT_FALSE(cross_check(report));
  EXPECT_TRUE(report.tail.ram);
}

TEST(CrossCheck, NoZoneHasMoreFreeThanItManages) {
  const auto forgets = [](std::uint64_t managed) {
    report::Report report = whole();
    report.tail = {};
    report.zones[0].fields.set(Field::free, 8'368, at);
    report.zones[0].fields.set(Field::managed, managed, at);
    report.zones[0].buddy = {{0, 2'092, "UM"}};
    report.zones[0].buddy_total_kib = Read<std::uint64_t>{8'368, at};
    report.totals.set(Field::free, 2'092, at);
    cross_check(report);
    return !report.zones[0].fields.get(Field::managed);
  };
  EXPECT_FALSE(forgets(15'360));
  EXPECT_FALSE(forgets(8'000));
  EXPECT_TRUE(forgets(1'560));
}

TEST(CrossCheck, MoreFreeHugePagesThanThereAreAreNone) {
  report::Report report = whole();
  report.hugepages[0].total = 0;
  EXPECT_TRUE(cross_check(report));
  EXPECT_TRUE(report.hugepages.empty());
}

// 262144 pages of RAM less 13394 reserved ones are 995000 kB; 600000 kB of them are on the lists.
TEST(CrossCheck, TheCountersAndTheHugePagesFitIntoRam) {
  const auto with_pool = [](std::uint64_t pages, KiB size) {
    report::Report report = whole();
    report.hugepages = {{0, pages, 0, 0, size, at}};
    const bool found = cross_check(report);
    EXPECT_EQ(found, report.hugepages.empty());
    EXPECT_EQ(found, report.hugepages_cut.has_value());
    return found;
  };
  EXPECT_FALSE(with_pool(170, KiB(2048)));
  EXPECT_FALSE(with_pool(195, KiB(2048))) << "5 % are drift";
  EXPECT_TRUE(with_pool(230, KiB(2048)));
}

TEST(CrossCheck, WhatIsReservedIsNoRoomForCounters) {
  const auto with_slab = [](std::uint64_t slab) {
    report::Report report = whole();
    report.totals.set(Field::slab_unreclaimable, slab, at);
    return cross_check(report);
  };
  EXPECT_FALSE(with_slab(95'000)) << "2.5 % more than the kernel manages";
  EXPECT_TRUE(with_slab(107'000)) << "7 % more than that, and 2 % more than RAM";
}

// What a cgroup has in memory is in memory and swap together.
TEST(CrossCheck, MemoryAndSwapAreNoLessThanMemory) {
  const auto lost = [](std::uint64_t usage, std::uint64_t limit) {
    report::Report report;
    report.memcg.emplace();
    report.memcg->memory = {Read<std::uint64_t>{500'000, at}, Read<std::uint64_t>{524'288, at}, {}};
    report.memcg->memsw = {Read<std::uint64_t>{usage, at}, Read<std::uint64_t>{limit, at}, {}};
    return cross_check(report) && !report.memcg->memsw.usage_kib;
  };
  EXPECT_FALSE(lost(786'432, 786'432));
  EXPECT_TRUE(lost(78'643, 786'432));
  EXPECT_TRUE(lost(786'432, 78'643));
  EXPECT_FALSE(lost(0, 9'007'199'254'740'988)) << "version 2 to 5.3";
}

TEST(CrossCheck, AReserveHasNoDip) {
  report::Report report = whole();
  report.zones[0].lowmem_reserve = {0, 825, 1947, 825};  // i386
  EXPECT_FALSE(cross_check(report));
  report.zones[0].lowmem_reserve = {0, 952, 52, 952};
  EXPECT_TRUE(cross_check(report));
  EXPECT_TRUE(report.zones[0].lowmem_reserve.empty());
}

report::Report cgroup() {
  report::Report report;
  report.kind = report::Kind::memcg_oom_kill;
  report::Memcg& memcg = report.memcg.emplace();
  memcg.memory.usage_kib = Read<std::uint64_t>{65'536, at};
  memcg.memory.limit_kib = Read<std::uint64_t>{65'536, at};
  for (const auto& [name, kib] :
       std::initializer_list<std::pair<const char*, std::uint64_t>>{{"anon", 20'000},
                                                                    {"file", 41'000},
                                                                    {"kernel", 3'000},
                                                                    {"shmem", 40'000},
                                                                    {"inactive_anon", 40'000},
                                                                    {"active_anon", 20'000},
                                                                    {"inactive_file", 500},
                                                                    {"active_file", 500},
                                                                    {"unevictable", 0}}) {
    memcg.stats.push_back({name, kib * 1024, true, at});
  }
  return report;
}

TEST(CrossCheck, SharedMemoryStandsInBothSums) {
  report::Report report = cgroup();
  EXPECT_FALSE(cross_check(report));
  report.memcg->stats[3].value /= 10;
  EXPECT_TRUE(cross_check(report));
  EXPECT_TRUE(std::ranges::none_of(
      report.memcg->stats, [](const report::MemcgStat& stat) { return stat.name == "shmem"; }));
}

// 60,000 kB of anonymous and shared memory: the lists may have a tenth of their own more.
TEST(CrossCheck, ListsOfMemoryMayDriftByATenth) {
  const auto contradicts = [](std::uint64_t active_anon_kib) {
    report::Report report = cgroup();
    report.memcg->stats[5].value = active_anon_kib * 1024;
    return cross_check(report);
  };
  EXPECT_FALSE(contradicts(26'600));
  EXPECT_TRUE(contradicts(26'700));
  EXPECT_FALSE(contradicts(14'000));
  EXPECT_TRUE(contradicts(13'900));
}

// Pages in the swap cache lie on the lists of anonymous memory; those that no process maps are in
// no other counter.
TEST(CrossCheck, TheSwapCacheOfACgroupIsOnItsLists) {
  const auto anon_kib = [](std::uint64_t cached_kib, std::uint64_t less_kib = 2'000) {
    report::Report report = cgroup();
    report.memcg->memory.usage_kib->value -= less_kib;
    report.memcg->stats[0].value = 5'000 * 1024;
    report.memcg->stats.push_back({"swapcached", cached_kib * 1024, true, at});
    const bool contradicts = cross_check(report);
    const auto anon = memcg_anon(*report.memcg);
    return contradicts || !anon ? 0 : to_kib(anon->value).count();
  };
  EXPECT_EQ(anon_kib(15'000), 20'000U);
  EXPECT_EQ(anon_kib(16'000), 20'000U) << "a part of it is mapped";
  EXPECT_EQ(anon_kib(4'000), 0U) << "it does not explain the lists";
  EXPECT_EQ(anon_kib(4'000, 0), 20'000U) << "a process is ending: its pages are still paid for";
}

// What each CPU counts for itself, and pages that wait for swap, are as much as a tiny cgroup has.
TEST(CrossCheck, ATinyCgroupMayHaveAllOfItInPagesOnTheirWay) {
  const auto contradicts = [](std::uint64_t inactive_anon_kib, bool shmem_is_there) {
    report::Report report = cgroup();
    report.memcg->memory.usage_kib->value = report.memcg->memory.limit_kib->value = 1'024;
    for (report::MemcgStat& stat : report.memcg->stats) {
      stat.value = stat.name == "inactive_anon" ? inactive_anon_kib * 1024 : 0;
    }
    if (!shmem_is_there) {
      std::erase_if(report.memcg->stats, [](const auto& stat) { return stat.name == "shmem"; });
    }
    return cross_check(report);
  };
  for (const bool shmem_is_there : {true, false}) {
    EXPECT_FALSE(contradicts(124, shmem_is_there));
    EXPECT_FALSE(contradicts(1'024, shmem_is_there));
    EXPECT_TRUE(contradicts(1'200, shmem_is_there));
  }
}

// From 5.4 on the first set has those below in it.
TEST(CrossCheck, ASetWithItsChildrenIsNotAddedUpAgain) {
  report::Report report = cgroup();
  report.memcg->hierarchical = true;
  report.memcg->children = {{"anon", 20'000 * 1024, true, at}, {"file", 40'000 * 1024, true, at}};
  EXPECT_FALSE(cross_check(report));
  report.memcg->hierarchical = false;
  EXPECT_TRUE(cross_check(report));
}

TEST(CrossCheck, SocketsAreNoPartOfKernelMemory) {
  report::Report report = cgroup();
  report.memcg->memory.usage_kib->value += 40'000;
  report.memcg->memory.limit_kib->value += 40'000;
  report.memcg->stats.push_back({"sock", 40'000 * 1024, true, at});
  EXPECT_FALSE(cross_check(report));
}

// v1 prints what the cgroup has alone, and as total_* what is below it as well.
TEST(CrossCheck, AParentOfV1IsComparedWithItsTotals) {
  report::Report report = cgroup();
  for (report::MemcgStat& stat : report.memcg->stats) {
    stat.name = stat.name == "anon" ? "rss" : stat.name == "file" ? "cache" : stat.name;
  }
  const auto all = report.memcg->stats;
  for (const report::MemcgStat& stat : all) {
    report.memcg->stats.push_back({"total_" + stat.name, stat.value, true, at});
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    report.memcg->stats[i].value = 0;
  }
  report.memcg->kmem.usage_kib = Read<std::uint64_t>{3'000, at};
  EXPECT_FALSE(cross_check(report));
}

TEST(CrossCheck, ACgroupBelowItsLimitWithNothingElseFullIsNoOom) {
  report::Report report = cgroup();
  report.memcg->memory.usage_kib->value = 6'553;
  EXPECT_TRUE(cross_check(report));
  EXPECT_FALSE(report.memcg->memory.usage_kib);
}

}  // namespace
}  // namespace whyoom::memory
