#include "render/story_zones.h"

#include <gtest/gtest.h>

#include "render/test_samples.h"

namespace whyoom::render {
namespace {

// "lowmem_reserve[]:" behind a lower zone is cut: it must keep more than its min.
TEST(ZonePicture, AZoneWhoseReserveIsNotKnownIsNotSaidToPass) {
  auto event = sample::min_free_event();
  auto& zones = event->evidence.zones;
  zones[0].zone = kernel::ZoneClass::dma;
  zones[1].zone = kernel::ZoneClass::normal;
  zones[0].floor = zones[1].floor = Pages(1);
  const auto told = [&event](std::size_t zone) {
    return zone_picture(*event, 12, Sizes::exact).table.rows.at(zone).back().text;
  };
  EXPECT_EQ(told(0), "(not known)");
  EXPECT_EQ(told(1), "above its mark") << "the highest zone has no reserve";
  zones[0].reserve_known = true;
  EXPECT_EQ(told(0), "above its mark");
  zones[0].reserve_known = false;
  event->evidence.request.highest = kernel::ZoneClass::dma;
  EXPECT_EQ(told(0), "above its mark") << "it is meant for the lowest zone";
  zones[0].floor = zones[0].free;
  event->evidence.request.highest = kernel::ZoneClass::movable;
  EXPECT_EQ(told(0), "exactly at its mark") << "no reserve makes it better";
}

// The first line is lost, and whether the request could use CMA pages with it.
TEST(ZonePicture, AZoneThatIsShortWithoutItsCmaIsNotSaidToPass) {
  auto event = sample::min_free_event();
  memory::ZoneState& zone = event->evidence.zones[1];
  report::Zone& printed = event->report.zones[1];
  zone.floor = Pages(100);
  zone.free = Pages(1000);
  zone.unusable = Pages(0);
  zone.printed = &printed;
  const auto told = [&](std::uint64_t cma_kib) {
    printed.fields.set(kernel::Field::free_cma, cma_kib, {});
    return zone_picture(*event, 12, Sizes::exact).table.rows.at(1).back().text;
  };
  event->evidence.request.flags_known = false;
  EXPECT_EQ(told(3600), "(not known)");
  EXPECT_EQ(told(3596), "above its mark");
  event->evidence.request.flags_known = true;
  EXPECT_EQ(told(3600), "above its mark");
}

TEST(ZonePicture, AZoneCutBehindItsMinIsShownAsFarAsKnown) {
  auto event = sample::min_free_event();
  memory::ZoneState cut = event->evidence.zones.back();
  event->evidence.zones.pop_back();
  cut.cut = true;
  cut.free = cut.floor = Pages(100);
  cut.managed.reset();
  const auto rows = [&event, &cut] {
    event->evidence.cut_zones = {cut};
    return zone_picture(*event, 12, Sizes::exact).table.rows;
  };
  EXPECT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows().back().at(0).text, cut.name);
  EXPECT_EQ(rows().back().at(2).text, "400 kB");
  EXPECT_EQ(rows().back().back().text, "(not known)") << "a part may be a boost";
  cut.free = Pages(101);
  EXPECT_NE(rows().back().back().text, "(not known)") << "more than min with any boost";
}

}  // namespace
}  // namespace whyoom::render
