#include "memory/recorded.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

constexpr Place of_recorder{1, 7};

report::Report recorded() {
  report::Report numbers;
  add_zone(numbers, 0, "DMA",
           {.free = 4'000, .min = 400, .low = 500, .high = 600, .reserve = {0, 9}});
  add_zone(numbers, 0, "Normal",
           {.free = 80'000, .min = 8'000, .low = 10'000, .high = 12'000, .reserve = {0, 0}});
  add_zone(numbers, 1, "Normal",
           {.free = 70'000, .min = 7'000, .low = 8'750, .high = 10'500, .reserve = {0, 0}});
  numbers.tail.ram = Read<std::uint64_t>{1'000'000, of_recorder};
  numbers.tail.reserved = Read<std::uint64_t>{20'000, of_recorder};
  numbers.tail.free_swap_kib = Read<std::uint64_t>{3'000, of_recorder};
  numbers.totals.set(Field::free, 38'500, of_recorder);
  numbers.totals.set(Field::shmem, 100, of_recorder);
  return numbers;
}

TEST(Recorded, ZonesThatAreNotPrintedAreAdded) {
  report::Report report;
  add_numbers(report, recorded());
  ASSERT_EQ(report.zones.size(), 3U);
  EXPECT_EQ(report.zones[2].node, 1);
  EXPECT_EQ(report.totals.get(Field::free)->value, 38'500U);
  EXPECT_EQ(report.tail.free_swap_kib->value, 3'000U);
}

// The zone of the same node and name: node 1 has a Normal zone as well, node 0 a DMA zone.
TEST(Recorded, AZoneGetsWhatItLacks) {
  report::Report report;
  report::Zone& zone = report.zones.emplace_back();
  zone.node = 1;
  zone.name = "Normal";
  zone.fields.set(Field::free, 5, {0, 3});
  add_numbers(report, recorded());
  ASSERT_EQ(report.zones.size(), 3U);
  EXPECT_EQ(report.zones[0].fields.get(Field::free)->value, 5U) << "what was printed stays";
  EXPECT_EQ(report.zones[0].fields.get(Field::min)->value, 7'000U);
  EXPECT_EQ(report.zones[0].lowmem_reserve.size(), 2U);
}

TEST(Recorded, WhatWasPrintedStays) {
  report::Report report;
  report.totals.set(Field::free, 1, {0, 3});
  report.tail.free_swap_kib = Read<std::uint64_t>{2, {0, 4}};
  add_numbers(report, recorded());
  EXPECT_EQ(report.totals.get(Field::free)->value, 1U);
  EXPECT_EQ(report.totals.get(Field::shmem)->value, 100U);
  EXPECT_EQ(report.tail.free_swap_kib->value, 2U);
}

// RAM and what is reserved of it are a pair.
TEST(Recorded, RamIsTakenWithWhatIsReservedOfIt) {
  for (const bool has_ram : {true, false}) {
    report::Report report;
    (has_ram ? report.tail.ram : report.tail.reserved) = Read<std::uint64_t>{3, {0, 4}};
    add_numbers(report, recorded());
    EXPECT_EQ(report.tail.ram->value, 1'000'000U);
    EXPECT_EQ(report.tail.reserved->value, 20'000U);
  }
  report::Report report;
  set_ram(report, 5, 4);
  add_numbers(report, recorded());
  EXPECT_EQ(report.tail.ram->value, 5U);
}

}  // namespace
}  // namespace whyoom::memory
