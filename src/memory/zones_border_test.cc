// The bounds of what is believed of zones, on both sides.
#include <gtest/gtest.h>

#include "memory/min_free.h"
#include "memory/test_report.h"
#include "memory/zones.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

TEST(ZoneBorders, WhatMayHaveComeFreeMeanwhile) {
  EXPECT_EQ(drift_allowance(Pages(4000), page_4k), Pages(100));
  EXPECT_EQ(drift_allowance(Pages(81'920), page_4k), Pages(2048));
  EXPECT_EQ(drift_allowance(Pages(819'200), page_4k), Pages(2048));
  EXPECT_EQ(drift_allowance(Pages(1'000'000), page_4k), Pages(2500));
  EXPECT_EQ(drift_allowance(Pages(10'000), PageSize{65'536}), Pages(128));
  EXPECT_EQ(slack_of(Pages(1000), Pages(32 * 1024), page_4k), Pages(10 + 32));
  EXPECT_EQ(slack_of(Pages(0), Pages(33 * 1024), page_4k), Pages(33));
  EXPECT_EQ(slack_of(Pages(0), Pages(1'000'000), page_4k), Pages(256));
  EXPECT_EQ(slack_of(Pages(0), Pages(1'000'000), PageSize{65'536}), Pages(32));
}

TEST(ZoneBorders, AZoneAboveNormalIsToldByItsThirtySecondPart) {
  report::Report report;
  set_user_request(report);
  add_zone(report, 0, "Normal", {9000, 4000, 5000, 6000, 400'000, {0, 0, 0, 100, 100}});
  add_zone(report, 0, "Movable", {9000, 32, 1000, 2000, 0, {0, 0, 0, 0, 0}});
  EXPECT_EQ(zone_named(from_report(report), "Movable").managed, Pages(3200));
  report.zones[1].node = 1;
  EXPECT_EQ(zone_named(from_report(report), "Movable").managed, std::nullopt);
}

// low - min is a quarter of min at least; four pages are what its rounding hides.
TEST(ZoneBorders, ABoostShowsFromOnePageOn) {
  const auto boost = [](std::uint64_t min_pages) {
    report::Report report = vm();
    report.zones[2].fields.set(Field::min, 4 * min_pages, {});
    report.zones[2].fields.set(Field::low, 4 * (min_pages + 1000), {});
    report.zones[2].fields.set(Field::high, 4 * (min_pages + 2000), {});
    return zone_named(from_report(report), "Normal").boost;
  };
  EXPECT_EQ(boost(4004), Pages(0));
  EXPECT_EQ(boost(4005), Pages(1));
}

TEST(ZoneBorders, AllFreePagesAreInTheZonesTo32) {
  const auto ram = [](std::uint64_t free) {
    report::Report report = vm();
    set_total(report, Field::free, free);
    return from_report(report).ram;
  };
  constexpr std::uint64_t free = (15'296 + 54'000 + 16'200) / 4;
  EXPECT_EQ(ram(free), to_bytes(KiB(15'360 + 3'036'192 + 976'836)));
  EXPECT_TRUE(ram(free + 32));
  EXPECT_TRUE(ram(free - 32));
  EXPECT_FALSE(ram(free + 33));
  EXPECT_FALSE(ram(free - 33));
}

// 1,007,097 pages are managed.
TEST(ZoneBorders, TheZonesAreTheMachineTo97Percent) {
  const auto is_complete = [](std::uint64_t pages, std::uint64_t above = 0) {
    report::Report report = vm();
    set_release(report, "3.9.0");
    set_ram(report, pages, 0);
    if (above > 0) {
      set_request(report, {});
      report.tail.highmem_movable = Read<std::uint64_t>{above, {0, 93}};
    }
    const Evidence evidence = from_report(report);
    EXPECT_EQ(evidence.whole_machine, evidence.zones_complete && above == 0) << pages;
    return evidence.zones_complete;
  };
  EXPECT_TRUE(is_complete(1'038'244));
  EXPECT_FALSE(is_complete(1'038'245));
  EXPECT_TRUE(is_complete(1'138'244, 100'000));
  EXPECT_FALSE(is_complete(1'138'245, 100'000));
}

TEST(ZoneBorders, OnlyAReportOfAllOfAKnownKernelIsOfTheWholeMachine) {
  const auto is_whole = [](const std::string& release, bool memcg, bool tail, bool bound) {
    report::Report report = vm();
    set_ram(report, 1'010'000, 0);
    set_release(report, release);
    if (memcg) {
      report.memcg.emplace();
    }
    if (!tail) {
      report.tail.ram.reset();
      set_total(report, Field::free, (15'296 + 54'000 + 16'200) / 4);
    }
    if (bound) {
      report.mems_allowed = "1";
    }
    return from_report(report).whole_machine;
  };
  EXPECT_TRUE(is_whole("3.9.0", false, true, false));
  EXPECT_FALSE(is_whole("3.8.0", false, true, false));
  EXPECT_FALSE(is_whole("", false, true, false));
  EXPECT_FALSE(is_whole("3.9.0", true, true, false));
  EXPECT_FALSE(is_whole("3.9.0", false, false, false));
  EXPECT_FALSE(is_whole("3.9.0", false, true, true));
}

// A zone of which a part was read is no matter up to 3 % of the others.
TEST(ZoneBorders, ASmallZoneMayBeUnread) {
  const auto is_complete = [](std::uint64_t managed_kib, const std::string& name = "DMA") {
    report::Report report = vm();
    report.zones.erase(report.zones.begin());
    set_ram(report, 1'003'257, 0);
    report::Zone& zone = add_zone(report, 0, name, {1, 1, 1, 1, managed_kib, {}});
    zone.fields.forget(Field::free);
    return from_report(report).zones_complete;
  };
  // The others manage 4,013,028 kB.
  EXPECT_TRUE(is_complete(120'388));
  EXPECT_FALSE(is_complete(120'396));
  EXPECT_FALSE(is_complete(0)) << "nobody knows its size";
  EXPECT_TRUE(is_complete(0, "Device")) << "it is no zone for a request";
}

// Of a request that may not use CMA, with the last column cut off: what is not told of the others.
TEST(ZoneBorders, FreeCmaThatIsCutOffIsWhereThereIsRoomForIt) {
  const auto usable = [](std::uint64_t cma, std::uint64_t more_free = 0) {
    report::Report report = vm();
    set_request(report, {});
    set_total(report, Field::free, (15'296 + 54'000 + 16'200) / 4 + more_free);
    set_total(report, Field::free_cma, cma);
    report.zones[0].fields.set(Field::free_cma, 0, {});
    return std::pair(zone_named(from_report(report), "DMA32").usable().count(),
                     zone_named(from_report(report), "Normal").usable().count());
  };
  using Usable = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_EQ(usable(0), (Usable{13'500, 4050}));
  EXPECT_EQ(usable(4050), (Usable{13'500, 4050})) << "all of it may be in Normal";
  EXPECT_EQ(usable(4051), (Usable{13'499, 4050}));
  EXPECT_EQ(usable(13'500), (Usable{13'500 - 9450, 4050}));
  EXPECT_EQ(usable(13'600), (Usable{13'500 - 9550, 3950}));
  EXPECT_EQ(usable(13'600, 33), (Usable{13'500, 4050})) << "a zone is missing";
}

// What a hot-unplug counted wrongly goes below 0 and wraps: in the reserves and in the marks.
TEST(Zones, AWrappedReserveOrMinIsNoSizeOfAZone) {
  report::Report report;
  set_user_request(report);
  add_zone(report, 0, "DMA32", {2500000, 7000, 10000, 13000, 3000000, {0, 0, 72057594037927800}});
  add_zone(report, 0, "Normal",
           {190000, 99000000000000, 73000000000000000, 147000000000000000, 0, {}});
  EXPECT_FALSE(zone_named(from_report(report), "Normal").managed);
}

}  // namespace
}  // namespace whyoom::memory
