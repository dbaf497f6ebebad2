#include "memory/host_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "host/host.h"
#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using testing_only::page_4k;
using testing_only::pages;

template <class T>
Maybe<T> as_read(T value) {
  return Read<T>{value, {0, 1}};
}

host::Zone zone_with(std::string name, std::uint64_t managed, std::vector<Pages> protection) {
  host::Zone zone;
  zone.name = std::move(name);
  zone.managed = zone.present = as_read(Pages(managed));
  zone.free = as_read(Pages(3'000));
  zone.min = as_read(Pages(1'000));
  zone.low = as_read(Pages(1'250));
  zone.high = as_read(Pages(1'500));
  zone.protection = as_read(std::move(protection));
  return zone;
}

// 400 MiB, or 102,400 pages, in two zones.
host::Host small_host() {
  host::Host host;
  host.page_size = page_4k;
  host.meminfo.mem_total = as_read(KiB(409'600));
  host.zones = {zone_with("DMA", 2'400, {Pages(0), Pages(380), Pages(390)}),
                zone_with("Normal", 100'000, {Pages(0), Pages(0), Pages(40)})};
  return host;
}

ZoneState normal_of(const host::Host& host) { return state_of(host).machine.zones.at(1); }

TEST(HostState, FilePagesCanBeReclaimed) {
  host::Host host = small_host();
  host.zones[1].counters.inactive_file = as_read(Pages(70));
  host.zones[1].counters.active_file = as_read(Pages(5));
  EXPECT_EQ(normal_of(host).reclaimable, Pages(75));
}

// From 4.8 on those of the node stand beside those of the zone.
TEST(HostState, TheZonesOwnListsAreTakenWhereTheyArePrinted) {
  for (const bool only_active : {true, false}) {
    host::Host host = small_host();
    auto& counters = host.zones[1].counters;
    counters.inactive_file = counters.active_file = as_read(Pages(9'000));
    counters.zone_active_file = as_read(Pages(5));
    if (!only_active) {
      counters.zone_inactive_file = as_read(Pages(70));
    }
    EXPECT_EQ(normal_of(host).reclaimable, Pages(only_active ? 5 : 75));
  }
}

TEST(HostState, AnonymousPagesCanBeReclaimedWithFreeSwapOnly) {
  host::Host host = small_host();
  auto& counters = host.zones[1].counters;
  counters.inactive_anon = as_read(Pages(700));
  counters.active_anon = as_read(Pages(50));
  EXPECT_EQ(normal_of(host).reclaimable, Pages(0)) << "swap is not known";
  host.meminfo.swap_free = as_read(KiB(0));
  EXPECT_EQ(normal_of(host).reclaimable, Pages(0));
  host.meminfo.swap_free = as_read(KiB(4));
  EXPECT_EQ(normal_of(host).reclaimable, Pages(750));
  counters.zone_inactive_anon = as_read(Pages(60));
  counters.zone_active_anon = as_read(Pages(4));
  counters.zone_inactive_file = as_read(Pages(0));
  EXPECT_EQ(normal_of(host).reclaimable, Pages(64));
}

// The n-th number is for the n-th zone: a process may use Movable, the kernel Normal.
TEST(HostState, AReserveIsTheOneForTheHighestZoneOfTheRequest) {
  host::Host host = small_host();
  host.zones.push_back(zone_with("Movable", 0, {Pages(0), Pages(0), Pages(0)}));
  const ZoneState dma = state_of(host).machine.zones.at(0);
  EXPECT_EQ(dma.reserve, Pages(390));
  EXPECT_EQ(dma.kernel_reserve, Pages(380));
  EXPECT_TRUE(dma.reserve_known);
}

TEST(HostState, AZoneOfAnotherKindHasNoRequests) {
  host::Host host = small_host();
  host.zones.push_back(zone_with("Device", 0, {Pages(0), Pages(0), Pages(0)}));
  host.zones.back().free.reset();
  EXPECT_EQ(state_of(host).machine.zones.at(0).reserve, Pages(380));
}

TEST(HostState, AReserveThatIsCutIsNone) {
  host::Host host = small_host();
  host.zones[0].protection = as_read(std::vector<Pages>{Pages(7)});
  EXPECT_EQ(state_of(host).machine.zones.at(0).reserve, Pages(0)) << "of two zones, one number";
  host.zones[0].protection.reset();
  EXPECT_EQ(state_of(host).machine.zones.at(0).reserve, Pages(0));
  EXPECT_FALSE(state_of(host).machine.zones.at(0).reserve_known);
}

TEST(HostState, TheMarksAreWithoutTheBoost) {
  host::Host host = small_host();
  host.zones[1].boost = as_read(Pages(200));
  host.zones[1].promo = as_read(Pages(1'750));
  const Watermarks expected{Pages(800), Pages(1'050), Pages(1'300), Pages(1'550)};
  EXPECT_EQ(static_cast<const Watermarks&>(normal_of(host)), expected);
  EXPECT_EQ(normal_of(host).boost, Pages(200));
}

TEST(HostState, AZoneWithoutItsFreePagesOrItsMinIsNone) {
  host::Host host = small_host();
  host.zones[1].free.reset();
  EXPECT_EQ(state_of(host).machine.zones.size(), 1U);
  host = small_host();
  host.zones[1].min.reset();
  EXPECT_EQ(state_of(host).machine.zones.size(), 1U);
}

// The zones' min are 2,000 pages, or 8,000 kB; each share may be rounded down by a page.
TEST(HostState, ZonesWithLessThanTheSettingAreNotAll) {
  const auto zones = [](std::int64_t setting) {
    host::Host host = small_host();
    host.settings.min_free_kbytes = as_read(setting);
    return state_of(host).machine.zones.size();
  };
  EXPECT_EQ(zones(8'008), 2U);
  EXPECT_EQ(zones(8'012), 0U);
}

TEST(HostState, ASettingBelowZeroIsNone) {
  host::Host host = small_host();
  host.settings.min_free_kbytes = as_read<std::int64_t>(-1);
  host.settings.watermark_scale_factor = as_read<std::int64_t>(-1);
  host.settings.panic_on_oom = as_read<std::int64_t>(-1);
  const Machine machine = state_of(host).machine;
  EXPECT_FALSE(machine.min_free);
  EXPECT_FALSE(machine.scale_factor);
  EXPECT_FALSE(machine.panic_on_oom);
}

TEST(HostState, SettingsAreTakenUpToWhatTheKernelKnows) {
  const auto machine = [](std::int64_t scale, std::int64_t panic) {
    host::Host host = small_host();
    host.settings.min_free_kbytes = as_read<std::int64_t>(0);
    host.settings.watermark_scale_factor = as_read(scale);
    host.settings.panic_on_oom = as_read(panic);
    return state_of(host).machine;
  };
  EXPECT_EQ(machine(0, 0).scale_factor, 0U);
  EXPECT_EQ(machine(0, 0).panic_on_oom, 0);
  EXPECT_EQ(machine(0, 0).min_free->value, KiB(0));
  EXPECT_EQ(machine(4'294'967'295, 2).scale_factor, 4'294'967'295U);
  EXPECT_EQ(machine(4'294'967'295, 2).panic_on_oom, 2);
  EXPECT_FALSE(machine(4'294'967'296, 2).scale_factor);
  EXPECT_FALSE(machine(10, 3).panic_on_oom);
}

TEST(HostState, RatiosAreWithinWhatAnIntCanBe) {
  host::Host host = small_host();
  host.settings.lowmem_reserve_ratio = as_read(std::vector<std::int64_t>{-5, 0, 256, 1LL << 40});
  EXPECT_EQ(state_of(host).machine.reserve_ratio,
            (std::vector<std::uint32_t>{0, 0, 256, 2'147'483'647}));
}

// 4.4 has no watermark_scale_factor: the gap is a quarter of min. Who carries it back shows it.
TEST(HostState, AScaleFactorThatIsThereMakesTheMarks) {
  host::Host host = small_host();
  host.release = as_read(std::string("4.4.0-31-generic"));
  EXPECT_FALSE(state_of(host).machine.rules.scale_factor);
  host.settings.watermark_scale_factor = as_read<std::int64_t>(10);
  EXPECT_TRUE(state_of(host).machine.rules.scale_factor);
}

// Until 6.5 ZONE_MOVABLE has a share of min_free_kbytes: 1,024 pages over 98,304 and 4,096 pages.
TEST(HostState, TheMarksTellWhetherMovableHasAShare) {
  const auto in_lowmem = [](Pages normal, Pages movable, const std::string& release) {
    host::Host host = small_host();
    host.release = as_read(release);
    host.settings.min_free_kbytes = as_read<std::int64_t>(4'096);
    host.zones = {zone_with("Normal", 98'304, {Pages(0), Pages(0)}),
                  zone_with("Movable", 4'096, {Pages(0), Pages(0)})};
    host.zones[0].min = as_read(normal);
    host.zones[1].min = as_read(movable);
    return state_of(host).machine.rules.movable_in_lowmem;
  };
  EXPECT_TRUE(in_lowmem(Pages(983), Pages(40), "6.1.0")) << "as its release says";
  EXPECT_TRUE(in_lowmem(Pages(983), Pages(40), "6.12.0")) << "as the marks show";
  EXPECT_FALSE(in_lowmem(Pages(1'024), Pages(32), "6.12.0"));
}

TEST(HostState, HugePagesThatAreReservedAreNotIdle) {
  const auto idle = [](std::uint64_t free, std::uint64_t reserved) {
    host::Host host = small_host();
    host::HugePool& pool = host.huge_pools.emplace_back();
    pool.page_size = KiB(2'048);
    pool.total = as_read<std::uint64_t>(20);
    pool.free = as_read(free);
    pool.reserved = as_read(reserved);
    const HugepagePool found = state_of(host).machine.hugepages.at(0);
    EXPECT_EQ(found.total, 20U);
    EXPECT_EQ(found.size, Bytes(2U << 20U));
    EXPECT_EQ(found.node, 0);
    return found.free;
  };
  EXPECT_EQ(idle(8, 3), 5U);
  EXPECT_EQ(idle(8, 8), 0U);
  EXPECT_EQ(idle(8, 9), 0U);
}

TEST(HostState, APoolWithoutOneOfItsFilesIsNone) {
  for (const int lost : {0, 1, 2}) {
    host::Host host = small_host();
    host::HugePool& pool = host.huge_pools.emplace_back();
    pool.total = pool.free = pool.reserved = as_read<std::uint64_t>(20);
    (lost == 0 ? pool.total : lost == 1 ? pool.free : pool.reserved).reset();
    EXPECT_TRUE(state_of(host).machine.hugepages.empty()) << lost;
  }
}

TEST(HostState, NothingIsComparedWithoutTheSettingOrTheZones) {
  host::Host host = small_host();
  EXPECT_FALSE(state_of(host).with_default);
  host.settings.min_free_kbytes = as_read<std::int64_t>(8'000);
  EXPECT_TRUE(state_of(host).with_default);
  host.zones.clear();
  EXPECT_FALSE(state_of(host).with_default);
}

// si_mem_available(): free - (reserve + high) + cache - min(cache / 2, low), and slab likewise.
class Available : public testing::Test {
 protected:
  host::Host host = small_host();

  void SetUp() override {
    host.meminfo.mem_free = as_read(KiB(24'000));
    host.meminfo.mem_available = as_read(KiB(1));
    host.zones[0].boost = host.zones[1].boost = as_read(Pages(100));
  }
  // The marks are 1,000, 1,250 and 1,500 pages in each of the two zones; DMA keeps 390 or 380.
  std::optional<std::uint64_t> kib() {
    const HostState state = state_of(host);
    const auto found = available_after(state, what_if(state.machine, {}));
    return found ? std::optional(to_kib(*found).count()) : std::nullopt;
  }
};

TEST_F(Available, IsFreeMemoryLessTheHighMarksAndReserves) {
  EXPECT_EQ(kib(), 24'000U - 4 * (380 + 2 * 1'500));
}

TEST_F(Available, AZoneKeepsNoMoreThanItHas) {
  host.zones[0].managed = as_read(Pages(1'800));
  EXPECT_EQ(kib(), 24'000U - 4 * (1'800 + 1'500));
}

TEST_F(Available, HalfOfTheCacheOfFilesStays) {
  host.meminfo.active_file = as_read(KiB(3'000));
  host.meminfo.inactive_file = as_read(KiB(1'000));
  EXPECT_EQ(kib(), 24'000U - 4 * 3'380 + 2'000);
}

TEST_F(Available, OfMuchCacheTheLowMarksStay) {
  host.meminfo.active_file = as_read(KiB(30'000));
  EXPECT_EQ(kib(), 24'000U - 4 * 3'380 + 30'000 - 4 * 2'500);
}

TEST_F(Available, WhatTheKernelCanGiveBackCountsForTheSlab) {
  host.meminfo.slab_reclaimable = as_read(KiB(1'000));
  EXPECT_EQ(kib(), 24'000U - 4 * 3'380 + 500);
  host.meminfo.kernel_reclaimable = as_read(KiB(3'000));
  EXPECT_EQ(kib(), 24'000U - 4 * 3'380 + 1'500);
}

TEST_F(Available, IsNotKnownWithoutWhatTheKernelSaysOrTheFreeMemory) {
  host.meminfo.mem_available.reset();
  EXPECT_EQ(kib(), std::nullopt);
  host.meminfo.mem_available = as_read(KiB(1));
  host.meminfo.mem_free.reset();
  EXPECT_EQ(kib(), std::nullopt);
}

// 1,000,000 kB of RAM, of which 400,000 are available; free, buffers, cache and slab are 500,000,
// of them 50,000 shared.
host::Host used_host() {
  host::Host host;
  host.meminfo.mem_total = as_read(KiB(1'000'000));
  host.meminfo.mem_available = as_read(KiB(400'000));
  host.meminfo.mem_free = as_read(KiB(300'000));
  host.meminfo.buffers = as_read(KiB(10'000));
  host.meminfo.cached = as_read(KiB(150'000));
  host.meminfo.slab_reclaimable = as_read(KiB(40'000));
  host.meminfo.shmem = as_read(KiB(50'000));
  return host;
}

TEST(UsedShares, AsTheKernelAndAsAConsoleCountsIt) {
  const UsedShares used = used_shares(used_host());
  EXPECT_DOUBLE_EQ(used.by_available.value(), 0.6);
  EXPECT_DOUBLE_EQ(used.by_console.value(), 0.55);
}

TEST(UsedShares, TheConsolesNeedsEachOfItsNumbers) {
  for (const auto lost : {&host::Meminfo::mem_free, &host::Meminfo::buffers, &host::Meminfo::cached,
                          &host::Meminfo::slab_reclaimable, &host::Meminfo::shmem}) {
    host::Host host = used_host();
    (host.meminfo.*lost).reset();
    EXPECT_FALSE(used_shares(host).by_console);
    EXPECT_TRUE(used_shares(host).by_available);
  }
}

TEST(UsedShares, AreNothingWithoutTheSizeOfRam) {
  host::Host host = used_host();
  for (const Maybe<KiB>& total : {Maybe<KiB>(), as_read(KiB(0))}) {
    host.meminfo.mem_total = total;
    EXPECT_FALSE(used_shares(host).by_available);
    EXPECT_FALSE(used_shares(host).by_console);
  }
}

// ---- account_of(host): 102,400 pages are managed.

host::Host accounted_host() {
  host::Host host = small_host();
  host::Meminfo& info = host.meminfo;
  info.mem_free = as_read(KiB(100'000));
  info.active_anon = as_read(KiB(60'000));
  info.inactive_anon = as_read(KiB(20'000));
  info.active_file = as_read(KiB(7'000));
  info.inactive_file = as_read(KiB(3'000));
  info.unevictable = as_read(KiB(5'000));
  info.slab_reclaimable = as_read(KiB(4'000));
  info.slab_unreclaimable = as_read(KiB(6'000));
  info.kernel_stack = as_read(KiB(2'000));
  info.page_tables = as_read(KiB(1'000));
  return host;
}

using What = AccountLine::What;

std::uint64_t kib_of_line(const host::Host& host, What what) {
  return to_kib(state_of(host).account.value().size(what)).count();
}

TEST(HostAccount, AddsUpToWhatTheZonesManage) {
  host::Host host = accounted_host();
  EXPECT_EQ(state_of(host).account->total, pages(102'400));
  EXPECT_EQ(kib_of_line(host, What::unaccounted), 409'600U - 208'000);
  host.meminfo.mem_total = as_read(KiB(409'000));
  EXPECT_EQ(state_of(host).account->total, Bytes(409'000 * 1024)) << "no more than RAM";
  host.zones.clear();
  EXPECT_EQ(state_of(host).account->total, Bytes(409'000 * 1024)) << "/proc/meminfo alone";
}

TEST(HostAccount, IsNothingWithoutTheSizeOfRam) {
  host::Host host = accounted_host();
  host.meminfo.mem_total.reset();
  EXPECT_FALSE(state_of(host).account);
}

TEST(HostAccount, LeavesOutTheLinesThatAreNothingButFreeMemory) {
  host::Host host = accounted_host();
  host.meminfo.mem_free = as_read(KiB(0));
  host.meminfo.unevictable = as_read(KiB(0));
  const std::vector<AccountLine> lines = state_of(host).account->lines;
  EXPECT_TRUE(std::ranges::count(lines, What::free, &AccountLine::what));
  EXPECT_FALSE(std::ranges::count(lines, What::unevictable_other, &AccountLine::what));
}

TEST(HostAccount, SharedMemoryIsTakenFromTheListsItLiesOn) {
  host::Host host = accounted_host();
  host.meminfo.shmem = as_read(KiB(30'000));
  EXPECT_EQ(kib_of_line(host, What::anon), 50'000U);
  EXPECT_EQ(kib_of_line(host, What::shmem), 30'000U);
  EXPECT_EQ(kib_of_line(host, What::unevictable_other), 5'000U);
  host.meminfo.shmem = as_read(KiB(82'000));  // 2,000 more than the lists of anonymous memory
  EXPECT_EQ(kib_of_line(host, What::anon), 0U);
  EXPECT_EQ(kib_of_line(host, What::unevictable_other), 3'000U);
}

TEST(HostAccount, ThePagesInTheListsOfEachCpuAreFree) {
  host::Host host = accounted_host();
  host.zones[0].in_cpu_lists = as_read(Pages(30));
  EXPECT_EQ(kib_of_line(host, What::free_pcp), 120U);
}

// The pools of all sizes, `Hugetlb:`, or before 4.18 the count of the usual size.
TEST(HostAccount, HugePagesAreThoseOfTheFilesOrOfMeminfoWhicheverIsMore) {
  host::Host host = accounted_host();
  host.meminfo.hugepage_size = as_read(KiB(2'048));
  EXPECT_EQ(kib_of_line(host, What::hugepages), 0U);
  host.meminfo.hugepages_total = as_read<std::uint64_t>(3);
  EXPECT_EQ(kib_of_line(host, What::hugepages), 3U * 2'048);
  host::HugePool& pool = host.huge_pools.emplace_back();
  pool.page_size = KiB(2'048);
  EXPECT_EQ(kib_of_line(host, What::hugepages), 3U * 2'048) << "its count was not read";
  pool.total = as_read<std::uint64_t>(5);
  EXPECT_EQ(kib_of_line(host, What::hugepages), 5U * 2'048);
  host.meminfo.hugetlb = as_read(KiB(20'480));
  EXPECT_EQ(kib_of_line(host, What::hugepages), 20'480U);
}

// Since 5.3 VmallocUsed counts pages, with the kernel stacks (2,000 kB); before, it is addresses.
TEST(HostAccount, WhatVmallocUsesIsWithoutTheStacks) {
  host::Host host = accounted_host();
  host.meminfo.percpu = as_read(KiB(500));
  EXPECT_EQ(kib_of_line(host, What::kernel_misc), 500U);
  host.meminfo.vmalloc_used = as_read(KiB(12'000));
  EXPECT_EQ(kib_of_line(host, What::kernel_misc), 10'500U);
  host.meminfo.vmalloc_used = as_read(KiB(409'600));
  EXPECT_EQ(kib_of_line(host, What::kernel_misc), 500U) << "as much as RAM";
  host.zfs_arc.size = as_read(Bytes(3'000 * 1024));
  EXPECT_EQ(kib_of_line(host, What::kernel_misc), 3'500U);
}

}  // namespace
}  // namespace whyoom::memory
