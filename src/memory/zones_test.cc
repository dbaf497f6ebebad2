#include "memory/zones.h"

#include <gtest/gtest.h>

#include <limits>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using kernel::GfpFlag;
using kernel::ZoneClass;
using namespace testing_only;

TEST(ZoneClass, KnowsTheNamesThatKernelsPrint) {
  EXPECT_EQ(zone_class("DMA"), ZoneClass::dma);
  EXPECT_EQ(zone_class("DMA32"), ZoneClass::dma32);
  EXPECT_EQ(zone_class("Normal"), ZoneClass::normal);
  EXPECT_EQ(zone_class("HighMem"), ZoneClass::highmem);
  EXPECT_EQ(zone_class("Movable"), ZoneClass::movable);
  EXPECT_EQ(zone_name(ZoneClass::dma32), "DMA32");
  EXPECT_EQ(zone_class("DMA3"), std::nullopt);
  EXPECT_EQ(zone_class(""), std::nullopt);
}

TEST(NodeList, ReadsRangesAndSingles) {
  EXPECT_EQ(parse_node_list("0"), (std::set<int>{0}));
  EXPECT_EQ(parse_node_list("0-2,5"), (std::set<int>{0, 1, 2, 5}));
  EXPECT_EQ(parse_node_list(" 1,3-4 "), (std::set<int>{1, 3, 4}));
  EXPECT_EQ(parse_node_list("1023"), (std::set<int>{1023}));
}

TEST(NodeList, IsEmptyForTextThatIsNoList) {
  for (const char* text : {"", "(null)", "a", "-1", "0-", "0--1", "0;1", "0 1", "0x1", "+1"}) {
    EXPECT_EQ(parse_node_list(text), std::nullopt) << text;
  }
}

TEST(NodeList, DoesNotCountToHostileNumbers) {
  for (const char* text :
       {"0-99999999", "1024", "99999999999999999999999", "0-18446744073709551615", "1-0"}) {
    EXPECT_EQ(parse_node_list(text), std::nullopt) << text;
  }
}

TEST(AllowedNodes, IsOpenWhenNothingNarrowsIt) {
  report::Report report = vm();
  EXPECT_EQ(allowed_nodes(report), std::nullopt);
  report.trigger->nodemask = "(null)";
  EXPECT_EQ(allowed_nodes(report), std::nullopt);
}

TEST(AllowedNodes, IsWhatEveryListAllows) {
  report::Report report = vm();
  report.constraint.emplace();
  report.constraint->nodemask = "0-1";
  report.constraint->mems_allowed = "1-3";
  EXPECT_EQ(allowed_nodes(report), (std::set<int>{1}));
  report.mems_allowed = "2";
  EXPECT_EQ(allowed_nodes(report), (std::set<int>{}));
}

// The column of lowmem_reserve[] that counts, for each way that kernels are built.
TEST(Reserve, OfX86IsTakenFromTheColumnOfTheRequest) {
  report::Report report = vm();
  Evidence evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(3918));
  EXPECT_EQ(zone_named(evidence, "DMA32").reserve, Pages(953));
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(0));

  set_request(report, {GfpFlag::dma32});
  evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(2965));
  EXPECT_EQ(zone_named(evidence, "DMA32").reserve, Pages(0));

  set_request(report, {GfpFlag::dma});
  evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(0));
}

TEST(Reserve, OfX86WithoutDeviceZoneHasFourColumns) {
  report::Report report;
  set_request(report, {});
  add_zone(report, 0, "DMA", {15296, 64, 80, 96, 15880, {0, 2830, 7955, 7956}});
  add_zone(report, 0, "DMA32", {60000, 24000, 30000, 36000, 2898000, {0, 0, 5125, 5126}});
  add_zone(report, 0, "Normal", {60000, 43000, 53000, 63000, 5248000, {0, 0, 0, 1}});
  const Evidence evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(7955));
  EXPECT_EQ(zone_named(evidence, "DMA32").reserve, Pages(5125));
}

TEST(Reserve, OfI386KnowsThatTheThirdColumnIsHighMem) {
  report::Report report;
  set_request(report, {});
  report.tail.highmem_movable = Read<std::uint64_t>{815104, {0, 95}};
  add_zone(report, 0, "DMA", {3500, 788, 984, 1180, 15876, {0, 829, 4013, 4013}});
  add_zone(report, 0, "Normal", {41000, 42196, 52744, 63292, 849040, {0, 0, 25472, 25472}});
  add_zone(report, 0, "HighMem", {2400048, 512, 41008, 81504, 3260416, {0, 0, 0, 0}});
  Evidence evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(829));
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(0));
  EXPECT_FALSE(zone_named(evidence, "HighMem").eligible);

  set_user_request(report);
  evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(25472));
  EXPECT_TRUE(zone_named(evidence, "HighMem").eligible);
}

// A Raspberry Pi 4 with a kernel of 32 bits: ZONE_DMA has 768 MiB, and no other is below HighMem.
TEST(Reserve, OfArmWhereAllOfLowMemoryIsDma) {
  const auto reserve = [](std::uint64_t present, std::optional<std::uint64_t> highmem) {
    report::Report report;
    set_request(report, {});
    add_zone(report, 0, "DMA", {519112, 10428, 11228, 12028, 663836, {0, 0, 3188, 3188}});
    report.zones[0].fields.set(Field::present, present, {0, 9});
    if (highmem) {
      report.tail.highmem_movable = Read<std::uint64_t>{*highmem, {0, 95}};
    }
    return zone_named(from_report(report), "DMA").reserve.count();
  };
  EXPECT_EQ(reserve(786432, std::nullopt), 0U);
  EXPECT_EQ(reserve(917504, std::nullopt), 0U) << "896 MiB";
  EXPECT_EQ(reserve(917508, std::nullopt), 3188U) << "64 bits: a zone Normal is above it";
  EXPECT_EQ(reserve(786432, 816128), 0U);
  EXPECT_EQ(reserve(786432, 0), 3188U) << "there is no HighMem";
}

// From 6.1 on zones above the request's are not printed; the count of their pages still is.
TEST(Reserve, OfI386KnowsItAlsoWithoutTheLineOfHighMem) {
  report::Report report;
  set_request(report, {});
  report.tail.highmem_movable = Read<std::uint64_t>{815104, {0, 95}};
  add_zone(report, 0, "DMA", {3500, 788, 984, 1180, 15876, {0, 829, 4013, 4013}});
  add_zone(report, 0, "Normal", {41000, 42196, 52744, 63292, 849040, {0, 0, 25472, 25472}});
  EXPECT_EQ(zone_named(from_report(report), "DMA").reserve, Pages(829));
}

// A guest of the lab with 512 MiB: "HighMem empty", and nothing but the columns tells 32-bit.
TEST(Reserve, OfI386WithoutHighMemGrowsInTheSecondColumn) {
  report::Report report;
  set_user_request(report);
  set_ram(report, 130942, 9232);
  add_zone(report, 0, "DMA", {1884, 88, 108, 128, 15360, {0, 450, 450, 450}});
  add_zone(report, 0, "Normal", {2620, 2668, 3332, 3996, 471480, {0, 0, 0, 0}});
  const Evidence evidence = from_report(report);
  EXPECT_TRUE(evidence.zones_complete);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(450));
}

TEST(Reserve, OfArm64WithoutDma32KeepsTheClassesApart) {
  report::Report report;
  set_request(report, {});
  add_zone(report, 0, "DMA", {900000, 20000, 25000, 30000, 980000, {0, 0, 3011, 3011}});
  add_zone(report, 0, "Normal", {50000, 60000, 75000, 90000, 3083264, {0, 0, 0, 0}});
  EXPECT_EQ(zone_named(from_report(report), "DMA").reserve, Pages(3011));
}

TEST(Reserve, OfAndroidHasThreeColumns) {
  report::Report report;
  set_user_request(report);
  add_zone(report, 0, "DMA32", {30000, 4000, 20000, 26000, 1500000, {0, 3900, 11800}});
  add_zone(report, 0, "Normal", {10000, 11000, 31000, 41000, 3993600, {0, 0, 63200}});
  add_zone(report, 0, "Movable", {9000, 8000, 20000, 30000, 8089600, {0, 0, 0}});
  Evidence evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA32").reserve, Pages(11800));
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(63200));

  set_request(report, {});
  evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA32").reserve, Pages(3900));
  EXPECT_FALSE(zone_named(evidence, "Movable").eligible);
}

// 770816 / 256, and 125000 / 256 more; Normal keeps 125000 / 32.
TEST(Reserve, OfArm64WithoutDma32AndDeviceHasThreeColumns) {
  report::Report report;
  set_user_request(report);
  add_zone(report, 0, "DMA", {900000, 20000, 25000, 30000, 980000, {0, 3011, 3499}});
  add_zone(report, 0, "Normal", {50000, 60000, 75000, 90000, 3083264, {0, 0, 3906}});
  add_zone(report, 0, "Movable", {50000, 6000, 7500, 9000, 500000, {0, 0, 0}});
  Evidence evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(3499));
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(3906));
  set_request(report, {});
  evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(3011));
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(0));
}

// 573 MiB of low memory and 36 GiB of HighMem, of which the rest of the report is cut away. With
// the column of x86-64 it would need 143 MiB more than the zone has.
TEST(Reserve, OfI386IsKnownFromZoneDmaAlone) {
  report::Report report;
  set_request(report, {});
  add_zone(report, 0, "DMA", {2332, 36, 44, 52, 15864, {0, 573, 36539, 36539}});
  EXPECT_EQ(zone_named(from_report(report), "DMA").reserve, Pages(573));
  // 3 GiB below 4 GiB: DMA32.
  report.zones[0].lowmem_reserve = {0, 3008, 36539, 36539};
  EXPECT_EQ(zone_named(from_report(report), "DMA").reserve, Pages(36539));
  // All of RAM is in the next zone.
  report.zones[0].lowmem_reserve = {0, 573, 573, 573};
  EXPECT_EQ(zone_named(from_report(report), "DMA").reserve, Pages(573));
}

// mips and others of 32 bits: all of low memory is Normal. 131072 * 4 kB of HighMem / 32 pages.
TEST(Reserve, OfHighMemWithoutDmaHasThreeColumns) {
  report::Report report;
  set_user_request(report);
  add_zone(report, 0, "Normal", {9000, 3000, 3750, 4500, 450000, {0, 4096, 4096}});
  add_zone(report, 0, "HighMem", {2000, 512, 1024, 1536, 524288, {0, 0, 0}});
  Evidence evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(4096));
  EXPECT_TRUE(zone_named(evidence, "HighMem").eligible);
  set_request(report, {});
  evidence = from_report(report);
  EXPECT_EQ(zone_named(evidence, "Normal").reserve, Pages(0));
  EXPECT_FALSE(zone_named(evidence, "HighMem").eligible);
}

TEST(Reserve, IsNotKnownWithoutItsLine) {
  report::Report report = vm();
  report.zones[1].lowmem_reserve.clear();
  const Evidence evidence = from_report(report);
  EXPECT_FALSE(zone_named(evidence, "DMA32").reserve_known);
  EXPECT_EQ(zone_named(evidence, "DMA32").reserve, Pages(0));
  EXPECT_TRUE(zone_named(evidence, "DMA").reserve_known);
  EXPECT_EQ(zone_named(evidence, "DMA").reserve, Pages(3918));
  EXPECT_FALSE(evidence.zones_complete);
}

TEST(Floor, IsMinPlusBoostPlusReserve) {
  report::Report report = vm();
  report.zones[1].fields.set(Field::boost, 8000, {});
  const ZoneState zone = zone_named(from_report(report), "DMA32");
  // The printed marks contain the boost.
  EXPECT_EQ(zone.boost, Pages(2000));
  EXPECT_EQ(zone.min, Pages((50936 - 8000) / 4));
  EXPECT_EQ(zone.low, Pages((63668 - 8000) / 4));
  EXPECT_EQ(zone.high, Pages((76400 - 8000) / 4));
  EXPECT_EQ(zone.floor, Pages(50936 / 4 + 953));
}

TEST(Floor, APromoMarkLiesAGapAboveHighSinceThereIsOne) {
  report::Report report = vm();
  report.stack.emplace().release = "6.12.41";
  EXPECT_EQ(zone_named(from_report(report), "DMA32").promo, Pages((76400 + 12732) / 4));
  report.stack->release = "5.10.0";
  EXPECT_EQ(zone_named(from_report(report), "DMA32").promo, Pages(0));
}

TEST(Floor, DividesPassingFromShort) {
  report::Report report = vm();
  const std::uint64_t floor_kib = 50936 + 953 * 4;
  const auto with_free = [&](std::uint64_t free) {
    report.zones[1].fields.set(Field::free, free, {});
    return zone_named(from_report(report), "DMA32");
  };
  EXPECT_FALSE(with_free(floor_kib).passes());
  EXPECT_TRUE(with_free(floor_kib + 4).passes());
  // Other CPUs free pages before the report is printed: a little above still counts as short.
  EXPECT_TRUE(with_free(floor_kib + 4).is_short());
  const std::uint64_t slack_kib = with_free(0).slack.count() * 4;
  EXPECT_TRUE(with_free(floor_kib + slack_kib).is_short());
  EXPECT_FALSE(with_free(floor_kib + slack_kib + 4).is_short());
}

// 1 % of the floor, and a batch of 0.1 % of the zone between 32 pages and 1 MiB.
TEST(Slack, IsOfTheFloorAndTheSizeOfTheZone) {
  const auto slack = [](std::uint64_t managed_kib) {
    report::Report report;
    set_user_request(report);
    add_zone(report, 0, "Normal", {500, 4000, 5000, 6000, managed_kib, {0, 0, 0, 0, 0}});
    return zone_named(from_report(report), "Normal").slack;
  };
  EXPECT_EQ(slack(40000), Pages(10 + 32));
  EXPECT_EQ(slack(400000), Pages(10 + 97));
  EXPECT_EQ(slack(40000000), Pages(10 + 256));
}

TEST(Usable, LeavesOutCmaUnlessTheRequestIsMovable) {
  report::Report report = vm();
  report.zones[1].fields.set(Field::free_cma, 20000, {});
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages(54000 / 4));
  set_request(report, {});
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages((54000 - 20000) / 4));
}

TEST(Usable, LeavesOutTheHighatomicReserve) {
  report::Report report = vm();
  report.zones[1].fields.set(Field::reserved_highatomic, 4096, {});
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages((54000 - 4096) / 4));
  // 6.19 prints how much of it is free, and only that counts.
  report.zones[1].fields.set(Field::free_highatomic, 1024, {});
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages((54000 - 1024) / 4));
  report.zones[1].fields.set(Field::free_highatomic, 1U << 30U, {});
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages(0));
}

TEST(Usable, LeavesOutAllButOnePageOfABlock) {
  report::Report report = vm();
  set_user_request(report, 3);
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages(54000 / 4 - 7));
  set_user_request(report, -1);
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages(54000 / 4));
  set_user_request(report, 4000);
  EXPECT_EQ(zone_named(from_report(report), "DMA32").usable(), Pages(54000 / 4));
}

// 5.0 to 5.18 add the boost to the marks and do not print it.
report::Report boosted(const std::string& release) {
  report::Report report = vm();
  set_release(report, release);
  constexpr std::uint64_t boost = 81920;
  report.zones[1].fields.set(Field::min, 50936 + boost, {});
  report.zones[1].fields.set(Field::low, 63668 + boost, {});
  report.zones[1].fields.set(Field::high, 76400 + boost, {});
  return report;
}

TEST(HiddenBoost, ShowsInMarksThatStandTooCloseForTheirHeight) {
  const report::Report report = boosted("5.10.0-28-amd64");
  const ZoneState zone = zone_named(from_report(report), "DMA32");
  EXPECT_TRUE(zone.boost_inferred);
  // To within what the rounding of low - min hides.
  EXPECT_NEAR(static_cast<double>(zone.boost.count()), 20480, 8);
  EXPECT_NEAR(static_cast<double>(zone.min.count()), 12734, 8);
  EXPECT_EQ(zone.floor, Pages((50936 + 81920) / 4 + 953));
  EXPECT_FALSE(zone_named(from_report(report), "Normal").boost_inferred);
  EXPECT_EQ(zone_named(from_report(report), "Normal").boost, Pages(0));
}

TEST(HiddenBoost, IsNotSoughtWhereTheKernelHasNoneOrPrintsIt) {
  EXPECT_FALSE(zone_named(from_report(boosted("3.10.0-1160.el7.x86_64")), "DMA32").boost_inferred);
  report::Report report = boosted("6.1.0-28-amd64");
  report.zones[1].fields.set(Field::boost, 0, {});
  EXPECT_FALSE(zone_named(from_report(report), "DMA32").boost_inferred);
}

TEST(HiddenBoost, IsNotSeenInOrdinaryMarks) {
  for (const auto& zone : from_report(vm()).zones) {
    EXPECT_EQ(zone.boost, Pages(0)) << zone.name;
  }
}

TEST(Managed, IsThePresentSizeOnKernelsWithoutIt) {
  report::Report report = vm();
  add_zone(report, 1, "Normal", {1000, 100, 125, 150, 0, {}});
  report.zones.back().fields.set(Field::present, 4000, {});
  EXPECT_EQ(from_report(report).zones.back().managed, Pages(1000));
}

TEST(Managed, ComesBackFromTheReserveOfALowerZone) {
  report::Report report;
  set_user_request(report);
  add_zone(report, 0, "DMA", {15296, 252, 312, 372, 15360, {0, 2965, 3918, 3918, 3918}});
  add_zone(report, 0, "DMA32", {54000, 50936, 63668, 76400, 0, {0, 0, 953, 953, 953}});
  add_zone(report, 0, "Normal", {16200, 16384, 20480, 24576, 0, {0, 0, 0, 0, 0}});
  const Evidence evidence = from_report(report);
  // 256 pages of the true size are lost in the division, not more.
  EXPECT_EQ(zone_named(evidence, "DMA32").managed, Pages(2965 * 256));
  EXPECT_EQ(zone_named(evidence, "Normal").managed, Pages(953 * 256));
}

TEST(Managed, ReservesOfAnotherNodeDoNotTell) {
  report::Report report = vm();
  add_zone(report, 1, "Movable", {1000, 100, 125, 150, 0, {0, 0, 0, 0, 0}});
  EXPECT_EQ(from_report(report).zones.back().managed, std::nullopt);
}

TEST(Eligible, IsBoundByClassAndNode) {
  report::Report report = vm();
  add_zone(report, 1, "Normal", {1000, 100, 125, 150, 4000, {0, 0, 0, 0, 0}});
  report.constraint.emplace();
  report.constraint->kind = report::ConstraintKind::cpuset;
  report.constraint->mems_allowed = "1";
  for (const auto& zone : from_report(report).zones) {
    EXPECT_EQ(zone.eligible, zone.node == 1) << zone.node << zone.name;
  }
}

TEST(ZoneStates, LeaveOutZonesWithoutTheirNumbers) {
  report::Report report = vm();
  report.zones.push_back({});
  report.zones.back().name = "Normal";
  report.zones.push_back(report.zones[0]);
  report.zones.back().name = "Zone?";
  EXPECT_EQ(from_report(report).zones.size(), 3U);
}

TEST(ZoneStates, StandHugeNumbers) {
  constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
  report::Report report;
  set_user_request(report, 31);
  add_zone(report, 0, "DMA", {huge, huge, huge, huge, huge, {huge, huge, huge, huge, huge}});
  add_zone(report, 0, "Normal", {huge, huge, 0, 0, huge, {0, 0, 0, 0, huge}});
  set_ram(report, huge, 1);
  const Evidence evidence = from_report(report);
  ASSERT_EQ(evidence.zones.size(), 2U);
  for (const auto& zone : evidence.zones) {
    EXPECT_LE(zone.usable(), zone.free);
  }
}

TEST(ZonesComplete, WhenTheyMakeUpTheMachine) {
  report::Report report = vm();
  set_ram(report, 1048446, 1048446 - (15360 + 3036192 + 976836) / 4);
  EXPECT_TRUE(from_report(report).zones_complete);
  report.zones.pop_back();  // Normal is lost, a quarter of RAM
  EXPECT_FALSE(from_report(report).zones_complete);
}

TEST(ZonesComplete, WhenAConstraintExplainsTheOtherNodes) {
  report::Report report;
  set_user_request(report);
  set_ram(report, 2048000, 48000);
  add_zone(report, 1, "Normal", {41000, 42196, 52744, 63292, 4000000, {0, 0, 0, 0, 0}});
  EXPECT_FALSE(from_report(report).zones_complete);
  report.constraint.emplace();
  report.constraint->kind = report::ConstraintKind::cpuset;
  EXPECT_TRUE(from_report(report).zones_complete);
}

TEST(ZonesComplete, WhenTheClassOfTheRequestExplainsTheRest) {
  report::Report report = vm();
  set_ram(report, 1048446, 1048446 - (15360 + 3036192 + 976836) / 4);
  report.zones.pop_back();
  EXPECT_FALSE(from_report(report).zones_complete);
  set_request(report, {GfpFlag::dma32});  // 6.1 and later print no zone above the request's
  EXPECT_TRUE(from_report(report).zones_complete);
}

// 3.5 on i386 with less than 896 MiB: four classes, of which two have memory.
TEST(ZonesComplete, WithoutHighmemOnI386) {
  report::Report report;
  set_user_request(report);
  set_ram(report, 133104, 5960);
  const auto add = [&report](const char* name, std::uint64_t free, std::uint64_t present,
                             std::vector<std::uint64_t> reserve) {
    report::Zone zone;
    zone.name = name;
    zone.fields.set(kernel::Field::free, free, {0, 20});
    zone.fields.set(kernel::Field::min, 84, {0, 20});
    zone.fields.set(kernel::Field::low, 104, {0, 20});
    zone.fields.set(kernel::Field::present, present, {0, 20});
    zone.lowmem_reserve = std::move(reserve);
    report.zones.push_back(std::move(zone));
  };
  add("DMA", 2080, 15808, {0, 500, 500, 500});
  add("Normal", 3124, 512064, {0, 0, 0, 0});
  EXPECT_TRUE(from_report(report).zones_complete);
}

// A guest of the lab on 6.12 with kernelcore=200M: 0 pages HighMem/MovableOnly, yet most is
// Movable.
TEST(ZonesComplete, WhenMovableIsNotPrintedForARequestThatMayNotUseIt) {
  report::Report report;
  set_request(report, {});
  set_ram(report, 262012, 19080);
  add_zone(report, 0, "DMA", {1324, 756, 944, 1132, 15360, {0, 143, 143, 918, 918}});
  add_zone(report, 0, "DMA32", {7256, 7256, 9068, 10880, 154676, {0, 0, 0, 774, 774}});
  EXPECT_FALSE(from_report(report).zones_complete);
  report.totals.set(kernel::Field::sec_pagetables, 0, {0, 20});
  EXPECT_FALSE(from_report(report).zones_complete);  // the lines of blocks are lost
  for (auto& zone : report.zones) {
    zone.buddy.push_back({});
  }
  EXPECT_TRUE(from_report(report).zones_complete);
  set_user_request(report);  // its zone would be printed
  EXPECT_FALSE(from_report(report).zones_complete);
}

// The reserves of the lower zones tell that there is a zone Normal above them.
TEST(ZonesComplete, NotWhenAReserveSpeaksOfAZoneThatIsNotThere) {
  report::Report report = vm();
  EXPECT_TRUE(from_report(report).zones_complete);
  report.constraint.emplace();
  report.constraint->kind = report::ConstraintKind::cpuset;
  report.zones.pop_back();
  EXPECT_FALSE(from_report(report).zones_complete);
}

TEST(ZonesComplete, NeedsASizeOfEachZone) {
  report::Report report;
  set_user_request(report);
  EXPECT_FALSE(from_report(report).zones_complete);
  add_zone(report, 0, "Normal", {1000, 100, 125, 150, 0, {0, 0, 0, 0, 0}});
  EXPECT_FALSE(from_report(report).zones_complete);
}

}  // namespace
}  // namespace whyoom::memory
