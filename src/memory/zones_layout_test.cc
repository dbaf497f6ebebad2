// Each set of zone classes that kernels are built with: which column is for which request.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "memory/test_report.h"
#include "memory/zones.h"

namespace whyoom::memory {
namespace {

using kernel::GfpFlag;
using kernel::ZoneClass;
using namespace testing_only;

// The zones of a node, lowest first, each of 1 GiB: the n-th keeps n x 1000 pages back for each
// zone above it. A column behind them is of ZONE_DEVICE, which has no memory.
report::Report built_with(const std::vector<std::string>& zones, bool device) {
  report::Report report;
  for (std::size_t own = 0; own < zones.size(); ++own) {
    std::vector<std::uint64_t> reserve;
    for (std::size_t column = 0; column < zones.size(); ++column) {
      reserve.push_back(column > own ? (column - own) * 1000 + own : 0);
    }
    if (device) {
      reserve.push_back(reserve.back());
    }
    add_zone(report, 0, zones[own], {20'000, 4000, 5000, 6000, 1 << 20U, reserve});
  }
  return report;
}

std::vector<GfpFlag> flags_for(ZoneClass highest) {
  switch (highest) {
    case ZoneClass::dma:
      return {GfpFlag::dma};
    case ZoneClass::dma32:
      return {GfpFlag::dma32};
    case ZoneClass::normal:
      return {};
    case ZoneClass::highmem:
      return {GfpFlag::highmem};
    case ZoneClass::movable:
      return {GfpFlag::highmem, GfpFlag::movable};
  }
  return {};
}

void expect_columns(const std::vector<std::string>& zones, bool device) {
  report::Report report = built_with(zones, device);
  for (const ZoneClass highest : {ZoneClass::dma, ZoneClass::dma32, ZoneClass::normal,
                                  ZoneClass::highmem, ZoneClass::movable}) {
    set_request(report, flags_for(highest));
    // The highest class that the kernel has and the request may use.
    std::uint64_t kept = 0;
    for (std::size_t column = 0; column < zones.size(); ++column) {
      kept = zone_class(zones[column]) <= highest ? column * 1000 : kept;
    }
    const Evidence evidence = from_report(report);
    const std::string what = zones.front() + " to " + zones.back() + ", " +
                             std::to_string(zones.size()) + " zones, up to " +
                             std::string(zone_name(highest));
    ASSERT_EQ(evidence.zones.size(), zones.size()) << what;
    EXPECT_TRUE(evidence.zones.front().reserve_known) << what;
    EXPECT_EQ(evidence.zones.front().reserve, Pages(kept)) << what;
  }
}

TEST(Layouts, EachRequestHasItsColumn) {
  for (const bool device : {false, true}) {
    expect_columns({"DMA", "DMA32", "Normal", "Movable"}, device);
    expect_columns({"DMA", "Normal", "HighMem", "Movable"}, device);
    expect_columns({"DMA32", "Normal", "Movable"}, device);
    expect_columns({"DMA", "Normal", "Movable"}, device);
    expect_columns({"Normal", "Movable"}, device);
    expect_columns({"DMA", "DMA32", "Normal", "HighMem", "Movable"}, device);
  }
  expect_columns({"Normal", "HighMem", "Movable"}, false);
}

// A line of its zones that has none of its names, or as many columns as no kernel.
TEST(Layouts, WhatNoKernelPrintsIsNotRead) {
  for (const std::size_t columns : {1U, 7U}) {
    report::Report report = vm();
    for (report::Zone& zone : report.zones) {
      zone.lowmem_reserve.assign(columns, 0);
    }
    EXPECT_FALSE(from_report(report).zones.front().reserve_known) << columns;
  }
}

TEST(Reserve, OfI386WithAnEmptyDma32) {
  report::Report report;
  set_request(report, {});
  add_zone(report, 0, "DMA", {3580, 68, 84, 100, 0, {0, 0, 870, 1900}});
  add_zone(report, 0, "DMA32", {0, 0, 0, 0, 0, {0, 0, 870, 1900}});
  add_zone(report, 0, "Normal", {3700, 3750, 4690, 5630, 0, {0, 0, 0, 8240}});
  add_zone(report, 0, "HighMem", {3000, 512, 1740, 2960, 0, {0, 0, 0, 0}});
  for (report::Zone& zone : report.zones) {
    zone.fields.set(Field::present, zone.name == "DMA32" ? 0 : 900000, {});
  }
  EXPECT_EQ(zone_named(from_report(report), "DMA").reserve, Pages(870));
}

}  // namespace
}  // namespace whyoom::memory
