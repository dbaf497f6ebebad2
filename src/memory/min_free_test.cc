#include "memory/min_free.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"
#include "memory/whatif.h"
#include "memory/zones.h"

namespace whyoom::memory {
namespace {

using kernel::ZoneClass;
using namespace testing_only;

// Zones of `sizes` pages with the marks that the kernel makes of `setting`.
report::Report machine(const std::string& release, KiB setting,
                       const std::vector<std::pair<std::string, std::uint64_t>>& sizes) {
  report::Report report;
  set_user_request(report);
  set_release(report, release);
  std::vector<ZoneSize> zones;
  std::uint64_t ram = 0;
  for (const auto& [name, managed] : sizes) {
    zones.push_back({*zone_class(name == "Normal1" ? "Normal" : name), Pages(managed)});
    ram += managed;
  }
  const auto marks =
      watermarks(zones, setting, default_scale_factor, PageSize{4096}, rules_for(release));
  for (std::size_t i = 0; i < zones.size(); ++i) {
    const bool second = sizes[i].first == "Normal1";
    add_zone(report, second ? 1 : 0, second ? "Normal" : sizes[i].first,
             {.free = 4 * marks[i].min.count(),
              .min = 4 * marks[i].min.count(),
              .low = 4 * marks[i].low.count(),
              .high = 4 * marks[i].high.count(),
              .managed = 4 * zones[i].managed.count(),
              .reserve = {0, 0, 0, 0, 0}});
  }
  set_ram(report, ram + 5000, 5000);
  return report;
}

double kib(const std::optional<MinFree>& found) {
  return found ? static_cast<double>(found->value.count()) : -1;
}

TEST(MinFree, IsTheSumOfTheZonesMinToAPageEach) {
  for (const std::uint64_t setting : {11404U, 67584U, 786432U, 3000000U}) {
    const auto report = machine("6.1.0-28-amd64", KiB(setting),
                                {{"DMA", 3840}, {"DMA32", 759048}, {"Normal", 244209}});
    const auto found = from_report(report).min_free;
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->exact);
    EXPECT_LE(found->value, KiB(setting));
    EXPECT_NEAR(kib(found), static_cast<double>(setting), 3 * 4);
    EXPECT_NEAR(found->share_of_ram.value_or(0), static_cast<double>(setting) / (4.0 * 1007097),
                0.0001);
  }
}

TEST(MinFree, LeavesTheBoostOut) {
  auto report = machine("6.8.0-31-generic", KiB(67584),
                        {{"DMA", 3840}, {"DMA32", 759048}, {"Normal", 244209}});
  auto& zone = report.zones[1].fields;
  for (const Field field : {Field::min, Field::low, Field::high}) {
    zone.set(field, zone.get(field)->value + 90000, {});
  }
  zone.set(Field::boost, 90000, {});
  EXPECT_NEAR(kib(from_report(report).min_free), 67584, 12);
}

TEST(MinFree, IsScaledUpWhenAZoneIsLost) {
  auto report = machine("6.1.0-28-amd64", KiB(2097152),
                        {{"DMA", 3840}, {"DMA32", 759048}, {"Normal", 1244209}});
  report.zones.pop_back();
  const Evidence evidence = from_report(report);
  const auto& found = evidence.min_free;
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->exact);
  EXPECT_NEAR(kib(found), 2097152, 2097152 * 0.001);
  // What was lost counts in the kernel's own choice: as one zone at least, as two when no zone is
  // larger than the printed ones.
  EXPECT_EQ(evidence.default_min_free, KiB(90112));
}

TEST(MinFree, OfThePrintedZonesAloneWithoutTheSizeOfRam) {
  auto report = machine("6.1.0-28-amd64", KiB(2097152),
                        {{"DMA", 3840}, {"DMA32", 759048}, {"Normal", 1244209}});
  report.zones.pop_back();
  report.tail = {};
  const auto found = from_report(report).min_free;
  ASSERT_TRUE(found);
  EXPECT_LT(kib(found), 900000);
}

// A twentieth of it is what khugepaged makes of a machine of many zones; nobody knows how many this
// one has.
TEST(MinFree, OfOneZoneAloneMayBeTheKernelsOwnChoice) {
  report::Report report;
  set_release(report, "4.9.0-11-686-pae");
  add_zone(
      report, 0, "Normal",
      {.free = 38800, .min = 39008, .low = 48760, .high = 58512, .managed = 801044, .reserve = {}});
  const Evidence evidence = from_report(report);
  ASSERT_TRUE(evidence.min_free);
  EXPECT_FALSE(evidence.min_free->exact);
  EXPECT_GE(*evidence.default_min_free, KiB(39008));
}

TEST(MinFree, DoesNotCountHighMem) {
  auto report = machine("5.10.0-32-686-pae", KiB(42992),
                        {{"DMA", 3969}, {"Normal", 212260}, {"HighMem", 815104}});
  report.tail.highmem_movable = Read<std::uint64_t>{815104, {}};
  const auto found = from_report(report).min_free;
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->exact);
  EXPECT_NEAR(kib(found), 42992, 8);
  EXPECT_NEAR(found->share_of_ram.value_or(0), 0.0104, 0.0005) << "HighMem is RAM";
}

TEST(MinFree, CountsMovableAsTheKernelOfItsTimeDoes) {
  const std::vector<std::pair<std::string, std::uint64_t>> sizes{
      {"DMA", 3840}, {"DMA32", 500000}, {"Movable", 500000}};
  for (const char* release : {"5.10.0-28-amd64", "6.1.0-28-amd64", "6.12.6-amd64"}) {
    auto report = machine(release, KiB(400000), sizes);
    report.tail.highmem_movable = Read<std::uint64_t>{500000, {}};
    const auto found = from_report(report).min_free;
    ASSERT_TRUE(found) << release;
    EXPECT_TRUE(found->exact) << release;
    EXPECT_NEAR(kib(found), 400000, 12) << release;
  }
}

TEST(MinFree, IsNothingWithoutZones) {
  report::Report report;
  EXPECT_FALSE(from_report(report).min_free);
  add_zone(report, 0, "Normal", {1000, 100, 125, 150, 0, {}});  // of no known size
  EXPECT_FALSE(from_report(report).min_free);
  report.zones.clear();
  add_zone(report, 0, "Normal", {1000, 0, 0, 0, 4000, {}});
  EXPECT_FALSE(from_report(report).min_free);
}

TEST(MinFree, KnowsTheKernelsOwnChoice) {
  struct Row {
    const char* release;
    std::vector<std::pair<std::string, std::uint64_t>> sizes;
    std::uint64_t without_thp, with_thp;
  };
  const std::vector<Row> rows{
      {"6.12.9-cloud-amd64", {{"DMA", 3840}, {"DMA32", 243748}}, 3980, 45056},
      {"3.10.0-1160.el7.x86_64",
       {{"DMA", 3970}, {"DMA32", 759048}, {"Normal", 1278940}},
       11429,
       67584},
      // The limit of the square root: 65536 before 5.7.
      {"5.4.0-150-generic",
       {{"DMA", 3840}, {"DMA32", 480000}, {"Normal", 100000000}},
       65536,
       67584},
      {"5.10.0-28-amd64", {{"DMA", 3840}, {"DMA32", 480000}, {"Normal", 100000000}}, 80193, 80193},
  };
  for (const Row& row : rows) {
    const report::Report report = machine(row.release, KiB(100000), row.sizes);
    const Evidence evidence = from_report(report);
    const auto& found = evidence.min_free;
    ASSERT_TRUE(found) << row.release;
    const auto both = default_min_free(zone_sizes(evidence), evidence.page, evidence.rules);
    EXPECT_NEAR(static_cast<double>(both.without_thp.count()), static_cast<double>(row.without_thp),
                static_cast<double>(row.without_thp) * 0.01)
        << row.release;
    EXPECT_NEAR(static_cast<double>(evidence.default_min_free->count()),
                static_cast<double>(row.with_thp), static_cast<double>(row.with_thp) * 0.01)
        << row.release;
  }
}

TEST(MinFree, Of64KPagesIsFivePercentByItself) {
  report::Report report;
  set_user_request(report);
  set_release(report, "5.15.0-105-generic-64k");
  add_zone(report, 0, "DMA",
           {.free = 150000,
            .min = 150592,
            .low = 188224,
            .high = 225856,
            .managed = 3014656,
            .reserve = {0, 0, 828, 828}});
  add_zone(report, 0, "Normal",
           {.free = 600000,
            .min = 678784,
            .low = 848448,
            .high = 1018112,
            .managed = 13580160,
            .reserve = {0, 0, 0, 0}});
  const Evidence evidence = from_report(report);
  EXPECT_EQ(evidence.page.bytes, 65536U);
  ASSERT_TRUE(evidence.min_free);
  EXPECT_NEAR(kib(evidence.min_free), 829376, 128);
  EXPECT_NEAR(static_cast<double>(evidence.default_min_free->count()), 829376, 829376 * 0.02);
}

// Movable memory beside HighMem is cut from it, and has no share of the setting in any kernel.
TEST(MinFree, DoesNotCountMovableBesideHighMem) {
  const auto report =
      machine("5.10.0-32-686-pae", KiB(42992),
              {{"DMA", 3969}, {"Normal", 212260}, {"HighMem", 500000}, {"Movable", 315104}});
  const auto found = from_report(report).min_free;
  ASSERT_TRUE(found);
  EXPECT_NEAR(kib(found), 42992, 8);
}

// Of a zone whose "managed:" alone was lost, its share of the setting tells more than present.
TEST(MinFree, SizesTheZoneThatLostItsOwn) {
  auto report = machine("6.1.0-28-amd64", KiB(600000), {{"DMA", 3840}, {"DMA32", 242253}});
  report.zones[1].fields.set(Field::present, 4 * 258016, {});
  auto cut = report;
  cut.zones[1].fields = {};
  for (const Field field : {Field::free, Field::min, Field::low, Field::high, Field::present}) {
    cut.zones[1].fields.set(field, report.zones[1].fields.get(field)->value, {});
  }
  const Evidence evidence = from_report(cut);
  EXPECT_NEAR(static_cast<double>(evidence.zones[1].size().count()), 242253, 100);
  cut.zones[1].fields.set(Field::min, 4, {});  // no share that makes sense
  EXPECT_EQ(from_report(cut).zones[1].size(), Pages(258016));
}

TEST(OwnChoice, MovesEachMinByTheKernelsFormulaAndCappedOnesNot) {
  auto report = machine("5.10.0-32-686-pae", KiB(160000),
                        {{"DMA", 3969}, {"Normal", 212260}, {"HighMem", 815104}});
  report.tail.highmem_movable = Read<std::uint64_t>{815104, {}};
  const Evidence evidence = from_report(report);
  const auto zones = what_if(evidence, {.min_free_kbytes = KiB(40000)}).zones;
  EXPECT_EQ(zones[0].after.marks.min, Pages(10000 * 3969 / 216229));
  EXPECT_EQ(zones[1].after.marks.min, Pages(std::uint64_t{10000} * 212260 / 216229));
  EXPECT_EQ(zones[2].before.marks.min, Pages(128));
  EXPECT_EQ(zones[2].after.marks.min, Pages(128));
}

// A zone that is not printed has its share of the setting; of one of unknown size nothing is said.
TEST(OwnChoice, LeavesLostZonesTheirShare) {
  auto report = machine("6.1.0-28-amd64", KiB(2097152),
                        {{"DMA", 3840}, {"DMA32", 759048}, {"Normal", 1244209}});
  report.zones.pop_back();
  const auto zones = what_if(from_report(report), {.min_free_kbytes = KiB(67584)}).zones;
  EXPECT_EQ(zones[1].after.marks.min, Pages(std::uint64_t{16896} * 759048 / 2007097));
  Machine unsized;
  unsized.zones.resize(1);
  unsized.zones[0].min = Pages(500);
  unsized.zones[0].low = Pages(600);
  EXPECT_EQ(what_if(unsized, {.min_free_kbytes = KiB(1000)}).zones[0].after.marks.min, Pages(500));
}

TEST(OwnChoice, LetsTheRequestPassAboveTheMarkAndItsSlack) {
  auto report = machine("6.1.0-28-amd64", KiB(320000), {{"Normal", 100000}});
  set_ram(report, 100000, 0);
  const auto passes = [&report](std::uint64_t pages) {
    report.zones[0].fields.set(Field::free, 4 * pages, {});
    const auto request = what_if(from_report(report), {.min_free_kbytes = KiB(40000)}).request;
    return request && !request->passes_before && request->passes_after;
  };
  // 10000 are needed; 1 % of that and a batch of 97 may come free meanwhile.
  EXPECT_FALSE(passes(10000));
  EXPECT_FALSE(passes(10000 + 100 + 97));
  EXPECT_TRUE(passes(10000 + 100 + 97 + 1));
  report.zones[0].fields.set(Field::free_highatomic, 4, {});
  EXPECT_FALSE(passes(10000 + 100 + 97 + 1));
  EXPECT_TRUE(passes(10000 + 100 + 97 + 2));
}

// Each zone raises what khugepaged asks for by 11 pageblocks.
TEST(MinFree, AsManyZonesAreMissingAsTheRestCanMake) {
  const auto zones_of = [](std::uint64_t ram) {
    report::Report report = machine("6.1.0", KiB(67584), {{"DMA32", 1'000'000}});
    set_ram(report, ram, 0);
    const auto value = from_report(report).default_min_free;
    return value ? value->count() / (std::uint64_t{512} * 11 * 4) : 0;
  };
  EXPECT_EQ(zones_of(1'020'408), 1U) << "the rest is 2 %, which zones keep for themselves";
  EXPECT_EQ(zones_of(1'020'409), 3U) << "with DMA and one more";
  EXPECT_EQ(zones_of(2'000'000), 3U);
  EXPECT_EQ(zones_of(2'000'001), 4U);
  EXPECT_EQ(zones_of(3'000'000), 4U);
  EXPECT_EQ(zones_of(65'000'000), 66U);
  EXPECT_EQ(zones_of(71'000'000), 66U);
}

}  // namespace
}  // namespace whyoom::memory
