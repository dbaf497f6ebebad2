#include "memory/watermarks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "base/shared_for_test.h"
#include "base/text.h"
#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using kernel::ZoneClass;
using testing_only::number;
using testing_only::page_4k;
using testing_only::split;
constexpr PageSize page_64k{65536};

struct Row {
  int node;
  ZoneClass zone;
  std::uint64_t managed, min, low, high, promo;
  std::vector<std::uint64_t> protection;
};

struct SampledMachine {
  std::string release;
  std::uint64_t min_free;
  std::uint32_t factor;
  std::vector<std::uint32_t> ratio;
  std::vector<Row> rows;
};

constexpr auto DMA = ZoneClass::dma;
constexpr auto DMA32 = ZoneClass::dma32;
constexpr auto Normal = ZoneClass::normal;
constexpr auto HighMem = ZoneClass::highmem;
constexpr auto Movable = ZoneClass::movable;
constexpr std::uint64_t no_promo = 0;

std::vector<ZoneSize> sizes(const SampledMachine& machine) {
  std::vector<ZoneSize> zones;
  for (const Row& row : machine.rows) {
    zones.push_back({row.zone, Pages(row.managed)});
  }
  return zones;
}

void check_marks(const SampledMachine& m, const std::string& what) {
  const auto rules = rules_for(m.release);
  const auto marks = watermarks(sizes(m), KiB(m.min_free), m.factor, page_4k, rules);
  ASSERT_EQ(marks.size(), m.rows.size());
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const Row& row = m.rows[i];
    EXPECT_EQ(marks[i].min.count(), row.min) << what << " row " << i;
    EXPECT_EQ(marks[i].low.count(), row.low) << what << " row " << i;
    EXPECT_EQ(marks[i].high.count(), row.high) << what << " row " << i;
    if (row.promo != no_promo) {
      EXPECT_EQ(marks[i].promo.count(), row.promo) << what << " row " << i;
    }
  }
}

void check_reserve(const SampledMachine& m, const std::string& what) {
  for (std::size_t first = 0; first < m.rows.size();) {
    std::size_t last = first;
    std::vector<ZoneSize> zones;
    while (last < m.rows.size() && m.rows[last].node == m.rows[first].node) {
      const Row& row = m.rows[last++];
      zones.push_back({row.zone, Pages(row.managed)});
    }
    const auto reserve = lowmem_reserve(zones, m.ratio, rules_for(m.release));
    ASSERT_EQ(reserve.size(), zones.size());
    for (std::size_t i = 0; i < zones.size(); ++i) {
      const auto& expected = m.rows[first + i].protection;
      for (std::size_t j = 0; j < expected.size(); ++j) {
        EXPECT_EQ(reserve[i][j].count(), expected[j]) << what << " row " << first + i << ' ' << j;
      }
    }
    first = last;
  }
}

// Measured: /proc/zoneinfo of guests. Columns: node, zone, managed, min, low, high, promo,
// protection. The last zone of a node is Device, which never has managed pages.
const std::vector<SampledMachine>& machines() {
  static const std::vector<SampledMachine> all = {
      {"5.10.0",
       45056,
       10,
       {},
       {{0, DMA, 3977, 88, 110, 132, 0, {0, 1969, 1969, 1969, 1969}},
        {0, DMA32, 504306, 11175, 13968, 16761, 0, {0, 0, 0, 0, 0}},
        {0, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0}},
        {0, Movable, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0}},
        {0, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0}}}},
      {"5.10.0",
       45056,
       3000,
       {},
       {{0, DMA, 3977, 88, 1281, 2474, 0, {0, 1969}},
        {0, DMA32, 504306, 11175, 162466, 313757, 0, {0, 0}}}},
      {"5.10.0",
       1024,
       10,
       {},
       {{0, DMA, 3977, 2, 5, 8, 0, {0, 1969}}, {0, DMA32, 504306, 253, 757, 1261, 0, {0, 0}}}},
      {"5.10.0",
       24532,
       10,
       {64, 64, 8, 0, 0},
       {{0, DMA, 3977, 97, 121, 145, 0, {0, 1894, 1894, 3853, 3853}},
        {0, DMA32, 121224, 2966, 3707, 4448, 0, {0, 0, 0, 1959, 1959}},
        {0, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0}},
        {0, Movable, 125418, 3069, 3836, 4603, 0, {0, 0, 0, 0, 0}},
        {0, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0}}}},
      {"5.10.0",
       2766,
       10,
       {},
       {{0, DMA, 3977, 22, 27, 32, 0, {0, 209}},
        {0, DMA32, 53531, 303, 378, 453, 0, {0, 0}},
        {1, DMA, 0, 0, 0, 0, 0, {0, 0}},
        {1, DMA32, 64365, 364, 455, 546, 0, {0, 0}}}},
      {"6.1.0",
       99999,
       333,
       {},
       {{0, DMA, 3840, 385, 512, 639, 0, {0, 468, 468, 957}},
        {0, DMA32, 119897, 12042, 16034, 20026, 0, {0, 0, 0, 488}},
        {0, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0}},
        {0, Movable, 125166, 12571, 16739, 20907, 0, {0, 0, 0, 0}}}},
      {"6.12.0",
       23904,
       10,
       {},
       {{0, DMA, 3840, 187, 233, 279, 325, {0, 463, 463, 952}},
        {0, DMA32, 118586, 5788, 7235, 8682, 10129, {0, 0, 0, 488}},
        {0, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0}},
        {0, Movable, 125162, 122, 1649, 3176, 4703, {0, 0, 0, 0}}}},
      {"6.12.0",
       2731,
       10,
       {},
       {{0, DMA, 3840, 22, 27, 32, 37, {0, 198, 198, 198}},
        {0, DMA32, 50889, 292, 365, 438, 511, {0, 0, 0, 0}},
        {0, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0}},
        {0, Movable, 0, 32, 32, 32, 32, {0, 0, 0, 0}},
        {1, DMA, 0, 0, 0, 0, 0, {0, 0, 0, 0}},
        {1, DMA32, 64110, 367, 458, 549, 640, {0, 0, 0, 0}},
        {1, Normal, 0, 0, 0, 0, 0, {0, 0, 0, 0}},
        {1, Movable, 0, 32, 32, 32, 32, {0, 0, 0, 0}}}},
      {"6.12.0",
       67584,
       10,
       {64, 64, 8, 0, 0},
       {{0, DMA, 3840, 180, 225, 270, 315, {0, 1580, 5559, 5559}},
        {0, DMA32, 101146, 4751, 5938, 7125, 8312, {0, 0, 3979, 3979}},
        {0, Normal, 254664, 11963, 14953, 17943, 20933, {0, 0, 0, 0}},
        {0, Movable, 0, 32, 32, 32, 32, {0, 0, 0, 0}}}},
  };
  return all;
}

TEST(Watermarks, MeasuredRows) {
  for (const SampledMachine& machine : machines()) {
    check_marks(machine, machine.release + " " + std::to_string(machine.min_free));
    check_reserve(machine, machine.release + " " + std::to_string(machine.min_free));
  }
}

TEST(Watermarks, HighMemIsCappedAndItsGapsAreNot) {
  const SampledMachine machine = {"4.9.0",
                                  3728,
                                  10,
                                  {},
                                  {{0, DMA, 3976, 17, 21, 25, 0, {}},
                                   {0, Normal, 214000, 914, 1142, 1370, 0, {}},
                                   {0, HighMem, 163000, 128, 302, 476, 0, {}}}};
  check_marks(machine, "highmem");
}

TEST(Watermarks, BeforeTheScaleFactor) {
  const SampledMachine machine = {
      "4.4.121",
      45056,
      10,
      {},
      {{0, DMA, 3977, 88, 110, 132, 0, {}}, {0, DMA32, 504306, 11175, 13968, 16762, 0, {}}}};
  check_marks(machine, "4.4");
  // 1024 kB: no floor of 0.1 % of the zone.
  const auto marks = watermarks(sizes(machine), KiB(1024), 3000, page_4k, rules_for("3.10.0"));
  EXPECT_EQ(marks[1], (Watermarks{Pages(253), Pages(316), Pages(379), Pages(0)}));
}

TEST(Watermarks, MovableBesideHighMemIsHighMemory) {
  const std::vector<ZoneSize> zones = {
      {Normal, Pages(200000)}, {HighMem, Pages(100000)}, {Movable, Pages(100000)}};
  const auto marks = watermarks(zones, KiB(4000), 10, page_4k, rules_for("5.10.0"));
  EXPECT_EQ(marks[0].min, Pages(1000));
  EXPECT_EQ(marks[1].min, Pages(97));
  EXPECT_EQ(marks[2].min, Pages(97));
}

TEST(Watermarks, LargePages) {
  const std::vector<ZoneSize> zones = {{DMA32, Pages(65536)}, {Normal, Pages(196608)}};
  const auto marks = watermarks(zones, KiB(838860), 10, page_64k, rules_for("5.15.0"));
  EXPECT_EQ(marks[0].min, Pages(3276));
  EXPECT_EQ(marks[1].min, Pages(9830));
}

TEST(Watermarks, ImpossibleSizesDoNoHarm) {
  constexpr Pages huge(std::numeric_limits<std::uint64_t>::max());
  const std::vector<ZoneSize> zones = {{DMA, huge}, {Normal, huge}, {HighMem, huge}};
  const auto marks = watermarks(zones, KiB(huge.count()), ~0U, page_4k, {});
  EXPECT_EQ(marks.size(), 3U);
  EXPECT_EQ(marks[2].min, Pages(128));
  EXPECT_TRUE(watermarks({}, KiB(1), 10, page_4k, {}).empty());
  const std::vector<ZoneSize> empty = {{Normal, Pages(0)}};
  EXPECT_EQ(watermarks(empty, KiB(1000), 10, page_4k, {})[0], Watermarks{});
  EXPECT_EQ(watermarks(zones, KiB(1000), 10, PageSize{0}, {}).size(), 3U);
  EXPECT_GE(default_min_free(zones, page_4k, {}).without_thp, KiB(128));
  EXPECT_EQ(lowmem_reserve(zones, {}).size(), 3U);
}

TEST(Rules, ByRelease) {
  EXPECT_TRUE(rules_for("6.1.0-13-amd64").movable_in_lowmem);
  EXPECT_TRUE(rules_for("6.5.0").movable_in_lowmem);
  EXPECT_EQ(rules_for("").passes_boost, PassesBoost::nobody);
  EXPECT_EQ(rules_for("5.8.0").passes_boost, PassesBoost::nobody);
  EXPECT_EQ(rules_for("5.9.0").passes_boost, PassesBoost::atomic);
  EXPECT_EQ(rules_for("6.2.0").passes_boost, PassesBoost::atomic);
  EXPECT_EQ(rules_for("6.3.0").passes_boost, PassesBoost::high);
  EXPECT_FALSE(rules_for("6.6.9").movable_in_lowmem);
  EXPECT_FALSE(rules_for("4.5.7").scale_factor);
  EXPECT_TRUE(rules_for("4.6.2").scale_factor);
  EXPECT_EQ(rules_for("5.6.4").min_free_max, 65536U);
  EXPECT_EQ(rules_for("5.7.14").min_free_max, 262144U);
  EXPECT_EQ(rules_for("4.18.0-147.el8.x86_64").min_free_max, 65536U);
  EXPECT_EQ(rules_for("4.18.0-240.10.1.el8_3.x86_64").min_free_max, 262144U);
  EXPECT_EQ(rules_for("4.18.0-12-generic").min_free_max, 65536U);
  EXPECT_FALSE(rules_for("5.17.0").promo);
  EXPECT_TRUE(rules_for("5.19.0").promo);
  EXPECT_TRUE(rules_for("4.16.13").old_reserve);
  EXPECT_FALSE(rules_for("4.17.0").old_reserve);
  EXPECT_FALSE(rules_for("4.17.0").thp_counts_all_zones);
  for (const char* unknown : {"", "?", "x86_64"}) {
    EXPECT_FALSE(rules_for(unknown).movable_in_lowmem);
    EXPECT_TRUE(rules_for(unknown).scale_factor);
    EXPECT_EQ(rules_for(unknown).min_free_max, 262144U);
  }
}

// The zones as they were when the kernel made its choice: `freed_later` joined the largest one.
std::vector<ZoneSize> without(std::vector<ZoneSize> zones, Pages freed_later) {
  const auto largest =
      std::max_element(zones.begin(), zones.end(), [](const ZoneSize& a, const ZoneSize& b) {
        const bool a_low = a.zone <= ZoneClass::normal;
        const bool b_low = b.zone <= ZoneClass::normal;
        return a_low != b_low ? b_low : a.managed < b.managed;
      });
  largest->managed -= freed_later;
  return zones;
}

TEST(DefaultMinFree, SquareRootOfLowmem) {
  // 512 MB guests of 6.12 and 5.10. 8888 and 9224 kB were freed after boot, as their logs say.
  const std::vector<ZoneSize> of6_12 = {{DMA, Pages(3840)}, {DMA32, Pages(114916)}};
  EXPECT_EQ(
      default_min_free(without(of6_12, Pages(2222)), page_4k, rules_for("6.12.0")).without_thp,
      KiB(2730));
  const std::vector<ZoneSize> of5_10 = {{DMA, Pages(3977)}, {DMA32, Pages(117810)}};
  EXPECT_EQ(
      default_min_free(without(of5_10, Pages(2306)), page_4k, rules_for("5.10.0")).without_thp,
      KiB(2765));
  // Two nodes count together.
  const std::vector<ZoneSize> numa = {
      {DMA, Pages(3840)}, {DMA32, Pages(50889)}, {DMA32, Pages(64110)}};
  EXPECT_EQ(default_min_free(without(numa, Pages(2222)), page_4k, rules_for("6.12.0")).without_thp,
            KiB(2731));
}

TEST(DefaultMinFree, ClampsByVersion) {
  const std::vector<ZoneSize> tiny = {{Normal, Pages(200)}};
  EXPECT_EQ(default_min_free(tiny, page_4k, {}).without_thp, KiB(128));
  EXPECT_EQ(default_min_free(tiny, page_4k, {}).at_boot, KiB(128));
  const std::vector<ZoneSize> terabyte = {{Normal, Pages(std::uint64_t{1} << 28U)}};
  EXPECT_EQ(default_min_free(terabyte, page_4k, rules_for("5.4.0")).without_thp, KiB(65536));
  EXPECT_EQ(default_min_free(terabyte, page_4k, rules_for("5.10.0")).without_thp, KiB(131072));
  const std::vector<ZoneSize> most = {{Normal, Pages(std::uint64_t{1} << 32U)}};
  EXPECT_EQ(default_min_free(most, page_4k, rules_for("6.12.0")).without_thp, KiB(262144));
}

TEST(DefaultMinFree, KhugepagedCountsZones) {
  const auto rules = rules_for("6.12.0");
  const std::vector<ZoneSize> one = {{DMA32, Pages(250000)}};  // arm64, 1 GB
  EXPECT_EQ(default_min_free(one, page_4k, rules).with_thp, KiB(22528));
  const std::vector<ZoneSize> two = {{DMA, Pages(3840)}, {DMA32, Pages(243748)}};
  EXPECT_EQ(default_min_free(two, page_4k, rules).with_thp, KiB(45056));
  EXPECT_LT(default_min_free(two, page_4k, rules).without_thp, KiB(4100));
  const std::vector<ZoneSize> three = {
      {DMA, Pages(3840)}, {DMA32, Pages(772918)}, {Normal, Pages(5400000)}};  // 24 GB
  EXPECT_EQ(default_min_free(three, page_4k, rules).with_thp, KiB(67584));
  const std::vector<ZoneSize> empty_zones = {
      {DMA, Pages(3840)}, {DMA32, Pages(243748)}, {Normal, Pages(0)}};
  EXPECT_EQ(default_min_free(empty_zones, page_4k, rules).with_thp, KiB(45056));
}

// mm/huge_memory.c hugepage_init()
TEST(DefaultMinFree, BelowHalfAGibibyteHugePagesAreOff) {
  const auto of = [](std::uint64_t mib) {
    return default_min_free(std::vector<ZoneSize>{{ZoneClass::dma32, Pages(mib * 256)}}, page_4k,
                            rules_for("6.12.0"));
  };
  EXPECT_EQ(of(511).at_boot, of(511).without_thp);
  EXPECT_GT(of(511).with_thp, of(511).without_thp) << "somebody may turn them on";
  EXPECT_EQ(of(512).at_boot, of(512).with_thp);
  EXPECT_EQ(of(128).at_boot, KiB(1448));
}

TEST(DefaultMinFree, MovableZonesCountUntil4_16) {
  const std::vector<ZoneSize> zones = {
      {DMA32, Pages(500000)}, {Normal, Pages(500000)}, {Movable, Pages(500000)}};
  EXPECT_EQ(default_min_free(zones, page_4k, rules_for("4.9.0")).with_thp, KiB(67584));
  EXPECT_EQ(default_min_free(zones, page_4k, rules_for("4.19.0")).with_thp, KiB(45056));
}

TEST(DefaultMinFree, KhugepagedTakesAtMostFivePercent) {
  // 1 GB with half of it movable. The initrd lay in the movable half: 7428 and 7732 kB freed here.
  const std::vector<ZoneSize> of6_12 = {
      {DMA, Pages(3840)}, {DMA32, Pages(118586)}, {Movable, Pages(125162)}};
  EXPECT_EQ(default_min_free(without(of6_12, Pages(1857)), page_4k, rules_for("6.12.0")).with_thp,
            KiB(23904));
  const std::vector<ZoneSize> of5_10 = {
      {DMA, Pages(3977)}, {DMA32, Pages(121224)}, {Movable, Pages(125418)}};
  EXPECT_EQ(default_min_free(without(of5_10, Pages(1933)), page_4k, rules_for("5.10.0")).with_thp,
            KiB(24532));
  // arm64 with 64 KiB pages and 16 GB: 512 MB pageblocks reach the limit, 5 % by default.
  const std::vector<ZoneSize> arm = {{DMA32, Pages(49152)}, {Normal, Pages(212992)}};
  const auto large = default_min_free(arm, page_64k, rules_for("5.15.0"));
  EXPECT_GT(large.with_thp, KiB(800 * 1024));
  EXPECT_LE(large.with_thp, KiB(838861));
  // i386 with 1.5 GB: two lowmem zones want 45056, 861 MB of lowmem allow less.
  const std::vector<ZoneSize> i386 = {
      {DMA, Pages(3976)}, {Normal, Pages(212500)}, {HighMem, Pages(160000)}};
  const auto small = default_min_free(i386, page_4k, rules_for("6.1.0"));
  EXPECT_LT(small.with_thp, KiB(45056));
  EXPECT_GT(small.with_thp, KiB(42500));
}

TEST(Pageblock, ByPageSize) {
  EXPECT_EQ(pageblock_pages(page_4k), Pages(512));
  EXPECT_EQ(pageblock_pages(PageSize{16384}), Pages(2048));
  EXPECT_EQ(pageblock_pages(page_64k), Pages(8192));
  EXPECT_EQ(pageblock_pages(PageSize{0}), Pages(1));
}

TEST(LowmemReserve, OldKernels) {
  const std::vector<ZoneSize> zones = {
      {Normal, Pages(200000)}, {HighMem, Pages(64000)}, {Movable, Pages(32000)}};
  const auto now = lowmem_reserve(zones, {}, rules_for("5.10.0"));
  EXPECT_EQ(now[0][1], Pages(2000));
  EXPECT_EQ(now[0][2], Pages(3000));
  EXPECT_EQ(now[1][2], Pages(0));
  const auto old = lowmem_reserve(zones, {}, rules_for("4.9.0"));
  EXPECT_EQ(old[1][2], Pages(1000));
  constexpr std::uint32_t zero[] = {0, 0, 0};
  EXPECT_EQ(lowmem_reserve(zones, zero, rules_for("4.9.0"))[0][1], Pages(64000));
  EXPECT_EQ(lowmem_reserve(zones, zero, rules_for("5.10.0"))[0][1], Pages(0));
}

ZoneClass zone_of_name(const std::string& name) {
  return name == "DMA"       ? DMA
         : name == "DMA32"   ? DMA32
         : name == "HighMem" ? HighMem
         : name == "Movable" ? Movable
                             : Normal;
}

TEST(WatermarkSamples, EveryRowOfTheVectors) {
  WHYOOM_SHARED_OR_SKIP(path, "vectors/watermarks.tsv");
  std::vector<SampledMachine> all;
  std::size_t rows = 0;
  for (const std::string& line : split(test::read_file(path), '\n')) {
    const auto cell = split(line, '\t');
    if (cell.size() < 15 || cell[0] == "kernel") {
      continue;
    }
    if (cell[5] == "0" && cell[6] == "DMA") {
      SampledMachine machine{
          cell[0], number(cell[2]), static_cast<std::uint32_t>(number(cell[3])), {}, {}};
      for (const std::string& part : split(cell[4], ',')) {
        if (!part.empty()) {
          machine.ratio.push_back(static_cast<std::uint32_t>(number(part)));
        }
      }
      all.push_back(machine);
    }
    const std::uint64_t boost = number(cell[9]);
    Row row{static_cast<int>(number(cell[5])),
            zone_of_name(cell[6]),
            number(cell[7]),
            number(cell[10]) - boost,
            number(cell[11]) - boost,
            number(cell[12]) - boost,
            number(cell[13]),
            {}};
    for (const std::string& part : split(cell[14], ',')) {
      row.protection.push_back(number(part));
    }
    ASSERT_FALSE(all.empty());
    all.back().rows.push_back(row);
    ++rows;
  }
  EXPECT_GE(rows, 1620U);
  for (const SampledMachine& machine : all) {
    const std::string what = machine.release + " min_free " + std::to_string(machine.min_free);
    check_marks(machine, what);
    check_reserve(machine, what);
  }
}

std::vector<ZoneSize> zones_of(const std::string& zoneinfo) {
  std::vector<ZoneSize> zones;
  for (const std::string& line : split(zoneinfo, '\n')) {
    if (line.starts_with("Node ")) {
      const std::size_t space = line.find_last_of(' ');
      zones.push_back({zone_of_name(line.substr(space + 1)), Pages(0)});
    } else if (trim_left(line).starts_with("managed") && !zones.empty()) {
      zones.back().managed = Pages(number(std::string_view(line).substr(line.find_last_of(' '))));
    }
  }
  return zones;
}

// What joined the managed pages after the kernel had made its choice.
Pages freed_after_boot(const std::string& log) {
  KiB freed;
  for (const std::string& line : split(log, '\n')) {
    const std::size_t at = line.find("Freeing ");
    const std::size_t memory = line.find(" memory: ");
    if (at == std::string::npos || memory == std::string::npos ||
        line.find("SMP alternatives") != std::string::npos) {
      continue;
    }
    Cursor cursor(std::string_view(line).substr(memory + 9));
    freed += KiB(cursor.take_unsigned().value_or(0));
  }
  return to_pages(freed, page_4k);
}

TEST(DefaultMinFreeSamples, EveryLabGuestHasWhatIsComputed) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    const auto before = entry.path() / "before";
    if (!std::filesystem::exists(before / "proc/zoneinfo")) {
      continue;
    }
    const std::string name = entry.path().filename().string();
    const auto rules = rules_for(name.substr(0, name.find('-')));
    const auto zones = zones_of(test::read_file(before / "proc/zoneinfo"));
    const KiB real(number(test::read_file(before / "proc/sys/vm/min_free_kbytes")));
    const bool thp =
        test::read_file(before / "sys/kernel/mm/transparent_hugepage/enabled").find("[never]") ==
        std::string::npos;
    const auto console = test::read_file(entry.path() / "console.log");
    const auto exact = default_min_free(without(zones, freed_after_boot(console)), page_4k, rules);
    EXPECT_EQ(thp ? exact.with_thp : exact.without_thp, real) << name;
    const auto rough = default_min_free(zones, page_4k, rules);
    const KiB guess = thp ? rough.with_thp : rough.without_thp;
    EXPECT_GE(guess, real) << name;
    EXPECT_LE(guess * 100, real * 102) << name;
    ++checked;
  }
  EXPECT_GT(checked, 80);
}

}  // namespace
}  // namespace whyoom::memory
