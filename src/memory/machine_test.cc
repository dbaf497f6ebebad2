#include "memory/machine.h"

#include <gtest/gtest.h>

namespace whyoom::memory {
namespace {

ZoneState zone_with(std::uint64_t min, std::uint64_t low, std::uint64_t managed) {
  ZoneState zone;
  zone.min = Pages(min);
  zone.low = Pages(low);
  zone.managed = Pages(managed);
  return zone;
}

// low - min is the larger of min / 4 and managed * scale_factor / 10000 (mm/page_alloc.c
// __setup_per_zone_wmarks()): a gap of min / 4 hides the factor.
TEST(InferredScaleFactor, ShowsWhereTheGapIsMoreThanAQuarterOfMin) {
  EXPECT_EQ(inferred_scale_factor({zone_with(1024, 1280, 258000)}), std::nullopt);
  EXPECT_EQ(inferred_scale_factor({zone_with(1024, 1281, 258000)}), std::nullopt);  // rounding
  EXPECT_EQ(inferred_scale_factor({zone_with(1024, 1282, 258000)}), 10U);
  EXPECT_EQ(inferred_scale_factor({zone_with(1024, 13924, 258000)}), 500U);
  EXPECT_EQ(inferred_scale_factor({zone_with(1024, 1282, 0)}), std::nullopt);
  EXPECT_EQ(inferred_scale_factor({}), std::nullopt);
}

TEST(InferredScaleFactor, IsThatOfTheLargestZoneOfLowMemory) {
  ZoneState highmem = zone_with(128, 60000, 500000);
  highmem.zone = kernel::ZoneClass::highmem;
  EXPECT_EQ(inferred_scale_factor({highmem}), std::nullopt);
  const std::vector<ZoneState> zones{zone_with(10, 110, 1000), zone_with(1024, 1282, 258000),
                                     highmem, zone_with(10, 60, 1000)};
  EXPECT_EQ(inferred_scale_factor(zones), 10U);
}

// 3/8 of min for an atomic request, half for one with __GFP_HIGH; the boost counts by release.
TEST(LoweredMark, IsByWhatTheRequestMayDo) {
  Request request;
  const Pages min(800), boost(160);
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::nobody), Pages(960));
  request.flags_known = true;
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::nobody), Pages(960));
  request.flags.set(kernel::GfpFlag::high);
  request.flags.set(kernel::GfpFlag::direct_reclaim);
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::nobody), Pages(480));
  request.flags = {};
  request.flags.set(kernel::GfpFlag::high);
  request.flags.set(kernel::GfpFlag::atomic);
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::nobody), Pages(360));
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::atomic), Pages(300));
  EXPECT_EQ(lowered_mark(Pages(127), Pages(0), request, PassesBoost::nobody), Pages(48))
      << "127 - 63, and of that 64 / 4";
  EXPECT_EQ(lowered_mark(Pages(133), Pages(0), request, PassesBoost::nobody), Pages(51))
      << "133 - 66, and of that 67 / 4";
  request.order = 1;
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::atomic), Pages(360))
      << "for one page alone";
  request.order = 0;
  request.flags.set(kernel::GfpFlag::direct_reclaim);
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::atomic), Pages(480)) << "it may wait";
  EXPECT_EQ(lowered_mark(Pages(127), Pages(0), request, PassesBoost::nobody), Pages(64))
      << "127 / 2 are taken away";
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::high), Pages(400));
  request.flags_known = false;
  EXPECT_EQ(lowered_mark(min, boost, request, PassesBoost::high), Pages(960));
}

// A hundredth of a per cent is the least, and all of the zone the most.
TEST(InferredScaleFactor, IsFrom1To10000) {
  EXPECT_EQ(inferred_scale_factor({zone_with(0, 2, 258000)}), 1U);
  EXPECT_EQ(inferred_scale_factor({zone_with(0, 64, 258000)}), 2U) << "2.48";
  EXPECT_EQ(inferred_scale_factor({zone_with(0, 65, 258000)}), 3U) << "2.52";
  EXPECT_EQ(inferred_scale_factor({zone_with(0, 300000, 258000)}), 10000U);
}

// U, M, E and R are for any request, C for movable ones; H, I are for nobody's.
TEST(MayServe, ABlockByTheListsItIsIn) {
  const auto may = [](std::string types, bool cma) {
    Request request;
    request.may_use_cma = cma;
    return may_serve({0, 1, std::move(types)}, request);
  };
  for (const char* types : {"", "U", "M", "E", "R", "UMEC"}) {
    EXPECT_TRUE(may(types, false)) << types;
  }
  for (const char* types : {"H", "I", "HI"}) {
    EXPECT_FALSE(may(types, true)) << types;
  }
  EXPECT_TRUE(may("C", true));
  EXPECT_FALSE(may("C", false));
}

TEST(HasBlock, OfTheOrderOrALargerOne) {
  const auto has = [](std::optional<int> order, std::vector<report::BuddyBlock> buddy) {
    report::Zone zone;
    zone.buddy = std::move(buddy);
    Request request;
    request.order = order;
    return has_block(zone, request);
  };
  EXPECT_EQ(has(std::nullopt, {}), true) << "one page";
  EXPECT_EQ(has(0, {}), true);
  EXPECT_EQ(has(1, {}), std::nullopt) << "the lists are not there";
  EXPECT_EQ(has(1, {{0, 500, "UM"}, {1, 0, ""}}), false);
  EXPECT_EQ(has(1, {{0, 500, "UM"}, {1, 1, "UM"}}), true);
  EXPECT_EQ(has(2, {{0, 500, "UM"}, {1, 50, "UM"}}), false);
  EXPECT_EQ(has(2, {{1, 50, "UM"}, {3, 1, "M"}}), true);
  EXPECT_EQ(has(2, {{1, 50, "UM"}, {3, 1, "H"}}), false);
}

}  // namespace
}  // namespace whyoom::memory
