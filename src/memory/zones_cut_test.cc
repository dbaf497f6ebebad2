// Zones of reports that lack a part: what the parts that are there tell of it.
#include <gtest/gtest.h>

#include "memory/min_free.h"
#include "memory/test_report.h"
#include "memory/zones.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

// Debian 12's 6.12 on a guest of 1 GB with vm.min_free_kbytes at half of it, whose lines journalctl
// cut at 160 columns: DMA has 15360 kB, DMA32 974816 kB.
report::Report cut_vm() {
  report::Report report;
  set_user_request(report);
  set_ram(report, 262014, 14426);
  add_zone(report, 0, "DMA", {11368, 7680, 9600, 11520, 0, {0, 952, 952, 952, 952}});
  add_zone(report, 0, "DMA32", {486968, 487496, 609368, 731240, 0, {0, 0, 0, 0, 0}});
  set_total(report, kernel::Field::free, 124584);
  return report;
}

TEST(Managed, IsToldByTheShareOfMin) {
  const Evidence evidence = from_report(cut_vm());
  ASSERT_EQ(evidence.zones.size(), 2U);
  EXPECT_EQ(evidence.zones[1].managed, Pages(952 * 256)) << "by the reserve of DMA";
  EXPECT_EQ(evidence.zones[0].managed, Pages(3839))
      << "243712 pages * 1920 / 121874; 3840 are there";
  EXPECT_TRUE(evidence.zones_complete);
  ASSERT_TRUE(evidence.min_free);
  EXPECT_EQ(evidence.min_free->value, KiB(495176));
}

TEST(Reserve, IsToldByTheLinesThatAreWhole) {
  const auto of_dma = [](std::vector<std::uint64_t> cut) {
    report::Report report = cut_vm();
    report.zones[1].lowmem_reserve = std::move(cut);
    const Evidence evidence = from_report(report);
    EXPECT_FALSE(zone_named(evidence, "DMA32").reserve_known);
    return zone_named(evidence, "DMA").reserve;
  };
  EXPECT_EQ(of_dma({}), Pages(952));
  EXPECT_EQ(of_dma({0, 0, 0}), Pages(952));
  EXPECT_EQ(of_dma({0, 5, 0}), Pages(0)) << "no zone keeps anything from its own requests";
}

TEST(Managed, OfTheOnlyZoneIsRamWhereNoFreePageIsElsewhere) {
  report::Report report = cut_vm();
  report.zones.erase(report.zones.begin());
  report.zones[0].lowmem_reserve = {0, 0, 0, 0, 0};
  EXPECT_FALSE(from_report(report).zones_complete)
      << "11368 kB are free in a zone that is not there";
  set_total(report, kernel::Field::free, 486968 / 4);
  const Evidence whole = from_report(report);
  EXPECT_EQ(whole.zones[0].managed, Pages(262014 - 14426));
  EXPECT_TRUE(whole.zones_complete);
  report.zones[0].name = "HighMem";
  EXPECT_FALSE(from_report(report).zones_complete) << "its min is no share of min_free_kbytes";
}

// 4.9 on C-SKY, 248344 kB free, and 240936 kB of that CMA memory; the row is cut before it says so.
TEST(Usable, LeavesOutCmaThatTheTotalsTellOf) {
  report::Report report;
  set_request(report, {});
  add_zone(report, 0, "Normal", {248344, 2444, 3052, 3660, 0, {}});
  set_total(report, kernel::Field::free, 62086);
  set_total(report, kernel::Field::free_cma, 60234);
  const auto usable = [&report](std::size_t zone) {
    return from_report(report).zones.at(zone).usable();
  };
  EXPECT_EQ(usable(0), Pages(62086 - 60234));
  set_total(report, kernel::Field::free, 72086);
  EXPECT_EQ(usable(0), Pages(62086)) << "a zone is not there, which may have all of it";
  add_zone(report, 0, "HighMem", {40000, 512, 640, 768, 0, {}});
  EXPECT_EQ(usable(0), Pages(62086 - 50234)) << "10000 pages at most are in HighMem";
  report.zones[1].fields.set(kernel::Field::free_cma, 40000, {});
  EXPECT_EQ(usable(0), Pages(62086 - 50234));
  report.zones[1].fields.set(kernel::Field::free_cma, 0, {});
  EXPECT_EQ(usable(0), Pages(62086 - 60234));
  set_user_request(report);
  EXPECT_EQ(usable(0), Pages(62086)) << "it may use CMA memory";
}

// 2.6.15 of a PC with 4 GB: a request for ZONE_DMA, and the line of a zone that has no memory.
TEST(Zones, OfNoMemoryAreNone) {
  report::Report report;
  set_request(report, {kernel::GfpFlag::dma});
  const auto add = [&report](const char* name, const ZoneNumbers& numbers, std::uint64_t present) {
    report::Zone& zone = add_zone(report, 0, name, numbers);
    zone.fields.set(Field::present, present, zone.at);
  };
  add("DMA", {20, 24, 28, 36, 0, {0, 2999, 4009, 4009}}, 12740);
  add("DMA32", {2528816, 6052, 7564, 9076, 0, {0, 0, 1010, 1010}}, 3071904);
  add("Normal", {587800, 2036, 2544, 3052, 0, {0, 0, 0, 0}}, 1034240);
  add("HighMem", {0, 128, 128, 128, 0, {0, 0, 0, 0}}, 0);
  const Evidence evidence = from_report(report);
  ASSERT_EQ(evidence.zones.size(), 3U);
  EXPECT_TRUE(evidence.zones_complete);
  EXPECT_TRUE(evidence.all_eligible_short());
  EXPECT_FALSE(evidence.zones[1].eligible);
}

// The lines behind the zones are lost.
TEST(Ram, IsThatOfTheZonesWhereNothingIsFreeElsewhere) {
  report::Report report = vm();
  EXPECT_EQ(from_report(report).ram, std::nullopt) << "there may be other nodes";
  std::uint64_t free = 0;
  Bytes managed;
  for (const report::Zone& zone : report.zones) {
    free += zone.fields.get(kernel::Field::free)->value / 4;
    managed += to_bytes(KiB(zone.fields.get(kernel::Field::managed)->value));
  }
  set_total(report, kernel::Field::free, free + 32);
  EXPECT_EQ(from_report(report).ram, managed);
  set_total(report, kernel::Field::free, free + 33);
  EXPECT_EQ(from_report(report).ram, std::nullopt);
}

TEST(WholeMachine, IsWhatTheZonesOfAllOfRamShow) {
  report::Report report = vm();
  set_ram(report, 1048446, 1048446 - (15360 + 3036192 + 976836) / 4);
  EXPECT_FALSE(from_report(report).whole_machine) << "of a kernel before 3.9 that of a cgroup";
  set_release(report, "3.8.0");
  EXPECT_FALSE(from_report(report).whole_machine);
  set_release(report, "3.9.0");
  EXPECT_TRUE(from_report(report).whole_machine);
  report.tail.reserved.reset();
  EXPECT_FALSE(from_report(report).whole_machine) << "RAM is not known then";
  set_ram(report, 1048446, 1048446 - (15360 + 3036192 + 976836) / 4);
  report.constraint.emplace();
  report.constraint->kind = report::ConstraintKind::cpuset;
  EXPECT_FALSE(from_report(report).whole_machine);
  report.constraint.reset();
  report.memcg.emplace();
  EXPECT_FALSE(from_report(report).whole_machine);
  report.memcg.reset();
  report.zones.pop_back();  // Normal
  EXPECT_FALSE(from_report(report).whole_machine);
}

// What a zone of which a part was read must keep, or has free, is not known.
TEST(ZonesComplete, WhenTheMinOfAZoneIsNotRead) {
  const auto complete = [](std::size_t zone, Field field) {
    report::Report report = vm();
    set_request(report, {});
    report.totals.set(Field::sec_pagetables, 0, {0, 5});  // the zones may not be all of RAM
    report.zones[zone].fields.forget(field);
    return from_report(report).zones_complete;
  };
  EXPECT_TRUE(complete(1, Field::high));
  EXPECT_FALSE(complete(1, Field::min));
  EXPECT_FALSE(complete(1, Field::free));
  EXPECT_TRUE(complete(0, Field::min)) << "15 MB of 4 GB are no matter";
}

// The lines of DMA32 are lost, but for its reserve, which then is the one of DMA: no zone above
// keeps it so.
TEST(ZonesComplete, WhenNoZoneKeepsSomeForOneThatIsNotPrinted) {
  const auto complete = [](std::vector<std::uint64_t> reserve) {
    report::Report report;
    set_request(report, {});
    set_ram(report, 130'942, 12'186);
    report.totals.set(Field::sec_pagetables, 0, {0, 5});
    report.nodes.emplace_back();
    add_zone(report, 0, "DMA", {2'028, 88, 108, 128, 15'360, std::move(reserve)}).buddy = {
        {0, 507, "U"}};
    return from_report(report).zones_complete;
  };
  EXPECT_TRUE(complete({0, 0, 0, 448, 448})) << "ZONE_MOVABLE, from 6.1 on";
  EXPECT_FALSE(complete({0, 0, 0, 0, 0}));
}

// 5.0 to 5.18 do not print the boost that is in min: low - min tells.
TEST(ZonesComplete, WhenTheLowThatTellsTheBoostIsNotRead) {
  const auto complete = [](const std::string& release, bool boost) {
    report::Report report = vm();
    set_user_request(report);
    report.stack.emplace().release = release;
    report.zones[1].fields.forget(Field::low);
    if (boost) {
      report.zones[1].fields.set(Field::boost, 0, {0, 20});
    }
    return from_report(report).zones_complete;
  };
  EXPECT_TRUE(complete("4.19.0", false));
  EXPECT_FALSE(complete("5.6.0", false));
  EXPECT_TRUE(complete("5.19.0", true));
}

// Without the size of RAM: what the machine has on its lists is more than these zones can hold.
TEST(ZonesComplete, WhenTheListsHoldMoreThanTheZones) {
  const auto complete = [](std::uint64_t anon) {
    report::Report report;
    set_user_request(report);
    add_zone(report, 0, "DMA", {1764, 88, 108, 128, 15'360, {0, 0, 0, 0, 0}});
    report.totals.set(Field::active_anon, anon, {0, 5});
    return from_report(report).zones_complete;
  };
  EXPECT_TRUE(complete(3'000));
  EXPECT_TRUE(complete(5'000)) << "it may drift by 8 MiB";
  EXPECT_FALSE(complete(110'000));
}

// The totals are lost too, but the node has its own.
TEST(ZonesComplete, WhenTheNodeHoldsMoreThanItsZones) {
  const auto complete = [](std::uint64_t unevictable) {
    report::Report report;
    set_user_request(report);
    add_zone(report, 0, "DMA", {1764, 88, 108, 128, 15'360, {0, 0, 0, 0, 0}});
    report.nodes.emplace_back().fields.set(Field::unevictable, unevictable, {0, 6});
    return from_report(report).zones_complete;
  };
  EXPECT_TRUE(complete(12'000));
  EXPECT_TRUE(complete(20'000)) << "it may drift by 8 MiB";
  EXPECT_FALSE(complete(356'400));
}

}  // namespace
}  // namespace whyoom::memory
