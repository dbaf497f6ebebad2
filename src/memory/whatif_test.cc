#include "memory/whatif.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_for_test.h"
#include "base/text.h"
#include "memory/oom_threshold.h"
#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using kernel::ZoneClass;
using testing_only::number;
using testing_only::page_4k;
using testing_only::split;

Request user_request() {
  Request request;
  request.order = 0;
  request.flags.set(kernel::GfpFlag::highmem);
  request.flags.set(kernel::GfpFlag::movable);
  request.flags_known = true;
  return request;
}

ZoneState zone(std::string name, ZoneClass cls, std::uint64_t managed, std::uint64_t free) {
  ZoneState zone;
  zone.name = std::move(name);
  zone.zone = cls;
  zone.eligible = true;
  zone.managed = Pages(managed);
  zone.free = Pages(free);
  zone.has_block = true;
  return zone;
}

// 1 GiB in DMA and DMA32 with the marks that `min_free` gives.
Machine guest(KiB min_free, std::uint64_t free_in_dma32) {
  Machine machine;
  machine.page = page_4k;
  machine.rules = rules_for("6.1.0");
  machine.request = user_request();
  machine.zones = {zone("DMA", ZoneClass::dma, 3840, 800),
                   zone("DMA32", ZoneClass::dma32, 245000, free_in_dma32)};
  machine.min_free = MinFree{min_free};
  machine.default_min_free = KiB(45056);
  machine.ram = to_bytes(Pages(248840), page_4k);
  const std::vector<ZoneSize> sizes = {{ZoneClass::dma, Pages(3840)},
                                       {ZoneClass::dma32, Pages(245000)}};
  const auto marks = watermarks(sizes, min_free, 10, page_4k, machine.rules);
  static_cast<Watermarks&>(machine.zones[0]) = marks[0];
  static_cast<Watermarks&>(machine.zones[1]) = marks[1];
  machine.zones[0].reserve = Pages(245000 / 256);
  return machine;
}

WhatIf with(const Machine& machine, std::string_view assignment) {
  Settings settings;
  const auto done = apply_setting(settings, assignment, machine);
  EXPECT_TRUE(done) << (done ? "" : done.error().str());
  return what_if(machine, settings);
}

bool says(const WhatIf& result, std::string_view text) {
  return std::ranges::any_of(result.assumptions, [text](const Message& message) {
    return message.str().find(text) != std::string::npos;
  });
}

TEST(WhatIf, TheDefaultGivesTheMemoryBack) {
  const Machine machine = guest(KiB(800000), 190000);
  const WhatIf result = with(machine, "vm.min_free_kbytes=default");
  ASSERT_TRUE(result.request);
  EXPECT_FALSE(result.request->passes_before);
  EXPECT_TRUE(result.request->passes_after);
  EXPECT_EQ(result.zones[1].after.marks.min, Pages(11264) * 245000 / 248840);
  EXPECT_EQ(result.within_reach_before, Bytes(0));
  EXPECT_EQ(result.within_reach_after,
            to_bytes(Pages(190000) - result.zones[1].after.marks.min, page_4k));
  EXPECT_GT(result.out_of_reach_before, result.out_of_reach_after * 10);
  ASSERT_EQ(result.settings.size(), 1U);
  EXPECT_EQ(result.settings[0].before, "800000");
  EXPECT_EQ(result.settings[0].after, "45056");
  EXPECT_TRUE(says(result, "watermark_scale_factor is taken as 10"));
}

TEST(WhatIf, AHigherValueTakesTheMemoryAway) {
  const WhatIf result = with(guest(KiB(45056), 190000), "vm.min_free_kbytes=800000");
  ASSERT_TRUE(result.request);
  EXPECT_TRUE(result.request->passes_before);
  EXPECT_FALSE(result.request->passes_after);
}

TEST(WhatIf, MemoryThatIsUsedUpDoesNotComeBack) {
  const WhatIf result = with(guest(KiB(45056), 500), "vm.min_free_kbytes=40000");
  ASSERT_TRUE(result.request);
  EXPECT_FALSE(result.request->passes_before);
  EXPECT_FALSE(result.request->passes_after);
}

TEST(WhatIf, TheScaleFactorMovesLowAndHighOnly) {
  const Machine machine = guest(KiB(45056), 190000);
  const WhatIf result = with(machine, "vm.watermark_scale_factor=1000");
  EXPECT_EQ(result.zones[1].after.marks.min, machine.zones[1].min);
  EXPECT_EQ(result.zones[1].after.marks.low, machine.zones[1].min + Pages(24500));
  EXPECT_EQ(result.zones[1].after.marks.high, machine.zones[1].min + Pages(49000));
  EXPECT_EQ(result.zones[1].after.marks.promo, machine.zones[1].min + Pages(73500));
  EXPECT_EQ(result.out_of_reach_before, result.out_of_reach_after);
}

TEST(WhatIf, WithoutABoost) {
  Machine machine = guest(KiB(45056), 40000);
  machine.zones[1].boost = Pages(50000);
  const WhatIf result = with(machine, "vm.watermark_boost_factor=0");
  ASSERT_TRUE(result.request);
  EXPECT_FALSE(result.request->passes_before);
  EXPECT_TRUE(result.request->passes_after);
  EXPECT_TRUE(
      says(with(guest(KiB(45056), 40000), "vm.watermark_boost_factor=0"), "no zone was boosted"));
}

TEST(WhatIf, TheReserveOfTheLowerZones) {
  Machine machine = guest(KiB(45056), 100);
  machine.zones[0].free = Pages(1100);  // above its min of 173, below min + 957
  machine.zones[0].unusable = Pages(0);
  WhatIf result = with(machine, "vm.lowmem_reserve_ratio=2560 2560 32");
  EXPECT_EQ(result.zones[0].after.reserve, Pages(245000 / 2560));
  ASSERT_TRUE(result.request);
  EXPECT_FALSE(result.request->passes_before);
  EXPECT_TRUE(result.request->passes_after);
  result = with(machine, "vm.lowmem_reserve_ratio=0 0 0");
  EXPECT_EQ(result.zones[0].after.reserve, Pages(0));
  result = with(machine, "vm.lowmem_reserve_ratio=default");
  EXPECT_EQ(result.zones[0].after.reserve, machine.zones[0].reserve);
}

TEST(WhatIf, TheNumbersOfTheReserveRatioBelongToTheZonesOfTheKernel) {
  Machine machine;
  machine.page = page_4k;
  machine.rules = rules_for("6.1.0");
  machine.request = user_request();
  machine.zones = {zone("DMA", ZoneClass::dma, 4000, 100),
                   zone("Normal", ZoneClass::normal, 200000, 100),
                   zone("HighMem", ZoneClass::highmem, 64000, 100)};
  WhatIf result = with(machine, "vm.lowmem_reserve_ratio=264 64 0 0");
  EXPECT_EQ(result.zones[0].after.reserve, Pages(1000));
  EXPECT_EQ(result.zones[1].after.reserve, Pages(1000));
  // A kernel request may not use HighMem: no reserve against it in Normal.
  machine.request.highest = ZoneClass::normal;
  result = with(machine, "vm.lowmem_reserve_ratio=250 64 0 0");
  EXPECT_EQ(result.zones[0].after.reserve, Pages(800));
  EXPECT_EQ(result.zones[1].after.reserve, Pages(0));
}

TEST(WhatIf, UnusedHugePagesComeBack) {
  Machine machine = guest(KiB(45056), 5000);
  machine.hugepages = {{0, Bytes(2U << 20U), 400, 300}};
  const WhatIf result = with(machine, "vm.nr_hugepages=50");
  EXPECT_EQ(result.zones[1].after.usable, Pages(5000 + 300 * 512));
  EXPECT_TRUE(says(result, "50 huge pages are in use"));
  ASSERT_TRUE(result.request);
  EXPECT_TRUE(result.request->passes_after);
  const WhatIf more = with(machine, "vm.nr_hugepages=405");
  EXPECT_EQ(more.zones[1].after.usable, Pages(5000 - 5 * 512));
}

TEST(WhatIf, MoreRam) {
  const Machine machine = guest(KiB(45056), 5000);
  const WhatIf result = with(machine, "ram=+1G");
  EXPECT_EQ(result.zones[1].managed, Pages(245000));
  EXPECT_EQ(result.zones[1].after.usable, Pages(5000 + 262144));
  EXPECT_EQ(result.zones[0].after.reserve, Pages((245000 + 262144) / 256));
  ASSERT_TRUE(result.request);
  EXPECT_FALSE(result.request->passes_before);
  EXPECT_TRUE(result.request->passes_after);
}

TEST(WhatIf, TheLimitOfACgroup) {
  Machine machine = guest(KiB(45056), 190000);
  machine.cgroup = CgroupLimit{Bytes(64U << 20U), Bytes(64U << 20U)};
  EXPECT_TRUE(with(machine, "memory.max=65M").request->passes_after);
  EXPECT_FALSE(with(machine, "memory.max=64M").request->passes_after);
  EXPECT_TRUE(with(machine, "memory.max=max").request->passes_after);
  const WhatIf other = with(machine, "vm.min_free_kbytes=1000");
  EXPECT_FALSE(other.request->passes_before || other.request->passes_after);
  EXPECT_TRUE(says(other, "memory.max does"));
  EXPECT_TRUE(other.no_effect);
}

TEST(WhatIf, PanicOnOom) {
  Machine machine = guest(KiB(45056), 5000);
  machine.panic_on_oom = 1;
  machine.constraint = report::ConstraintKind::none;
  EXPECT_EQ(with(machine, "vm.panic_on_oom=0").fate_before, Fate::panic);
  EXPECT_EQ(with(machine, "vm.panic_on_oom=0").fate_after, Fate::kill);
  machine.constraint = report::ConstraintKind::cpuset;
  EXPECT_EQ(with(machine, "vm.panic_on_oom=1").fate_after, Fate::kill);
  EXPECT_EQ(with(machine, "vm.panic_on_oom=2").fate_after, Fate::panic);
}

TEST(WhatIf, SaysNothingOfABlockThatItCannotSee) {
  Machine machine = guest(KiB(800000), 190000);
  machine.request.order = 2;
  machine.zones[1].has_block = std::nullopt;
  EXPECT_FALSE(with(machine, "vm.min_free_kbytes=default").request);
  machine.zones[1].has_block = false;
  const WhatIf result = with(machine, "vm.min_free_kbytes=default");
  ASSERT_TRUE(result.request);
  EXPECT_FALSE(result.request->passes_after);
}

TEST(WhatIf, OfNothingIsNothing) {
  const WhatIf result = with(Machine{}, "vm.min_free_kbytes=1000");
  EXPECT_FALSE(result.request);
  EXPECT_TRUE(result.zones.empty());
  EXPECT_FALSE(oom_threshold(Machine{}));
}

TEST(LoweredMark, ByWhatTheRequestMayUse) {
  Request request;
  EXPECT_EQ(lowered_mark(Pages(800), Pages(80), request, PassesBoost::nobody), Pages(880));
  request.flags_known = true;
  request.flags.set(kernel::GfpFlag::high);
  EXPECT_EQ(lowered_mark(Pages(800), Pages(80), request, PassesBoost::nobody), Pages(330));
  EXPECT_EQ(lowered_mark(Pages(800), Pages(80), request, PassesBoost::atomic), Pages(300));
  request.flags.set(kernel::GfpFlag::direct_reclaim);
  EXPECT_EQ(lowered_mark(Pages(800), Pages(80), request, PassesBoost::atomic), Pages(440));
}

// Measured: with 671 MB free of 1 GiB, 66 % passed and 67 % killed.
TEST(OomThreshold, WhereEveryZoneIsAtItsMark) {
  Machine machine = guest(KiB(45056), 168000);
  machine.zones[0].free = Pages(3500);
  const auto from = oom_threshold(machine);
  ASSERT_TRUE(from);
  // DMA32 fails at free x lowmem / managed; DMA by then is below min + reserve.
  const double share = static_cast<double>(from->value.count()) / (248840.0 * 4);
  EXPECT_NEAR(share, 168000.0 / 245000, 0.001);
  machine.zones[1].reclaimable = Pages(30000);
  EXPECT_GT(oom_threshold(machine)->value, from->value);
  machine.zones[1].reclaimable = Pages(300000);
  EXPECT_FALSE(oom_threshold(machine)) << "more can be reclaimed than it could keep back";
}

TEST(OomThreshold, AKernelRequestMayNotUseHighMem) {
  Machine machine;
  machine.page = page_4k;
  machine.rules = rules_for("6.1.0");
  machine.zones = {zone("DMA", ZoneClass::dma, 4000, 1000),
                   zone("Normal", ZoneClass::normal, 200000, 50000),
                   zone("HighMem", ZoneClass::highmem, 64000, 60000)};
  const auto from = oom_threshold(machine);
  ASSERT_TRUE(from);
  EXPECT_TRUE(from->kernel_request);
}

struct Sample {
  std::string name;
  Machine machine;
  std::string scale, ratio;
};

std::vector<Sample> samples_of(const std::filesystem::path& path) {
  const std::vector<std::pair<std::string, ZoneClass>> classes = {{"DMA", ZoneClass::dma},
                                                                  {"DMA32", ZoneClass::dma32},
                                                                  {"Normal", ZoneClass::normal},
                                                                  {"HighMem", ZoneClass::highmem},
                                                                  {"Movable", ZoneClass::movable}};
  std::vector<Sample> samples;
  for (const std::string& line : split(test::read_file(path), '\n')) {
    const auto cell = split(line, '\t');
    const auto cls = std::ranges::find_if(
        classes, [&](const auto& each) { return cell.size() > 6 && each.first == cell[6]; });
    if (cell.size() < 15 || cls == classes.end()) {
      continue;
    }
    if (cell[5] == "0" && cell[6] == "DMA") {
      Sample sample{cell[0] + " " + cell[1], {}, cell[3], cell[4]};
      std::ranges::replace(sample.ratio, ',', ' ');
      sample.machine.rules = rules_for(cell[0] + ".0");
      sample.machine.request = user_request();
      sample.machine.min_free = MinFree{KiB(number(cell[2]))};
      sample.machine.scale_factor = static_cast<std::uint32_t>(number(cell[3]));
      samples.push_back(std::move(sample));
    }
    ZoneState each = zone(cell[6], cls->second, number(cell[7]), 0);
    const Pages boost(number(cell[9]));
    each.node = static_cast<int>(number(cell[5]));
    static_cast<Watermarks&>(each) = {Pages(number(cell[10])) - boost,
                                      Pages(number(cell[11])) - boost,
                                      Pages(number(cell[12])) - boost, Pages(number(cell[13]))};
    each.reserve = Pages(number(split(cell[14], ',').back()));
    samples.back().machine.zones.push_back(std::move(each));
  }
  return samples;
}

// From each measured setting to the next one of the same guest: what the kernel made of it.
TEST(WhatIf, FromEachMeasuredSettingToTheNextToThePage) {
  WHYOOM_SHARED_OR_SKIP(path, "vectors/watermarks.tsv");
  const std::vector<Sample> samples = samples_of(path);
  std::size_t compared = 0;
  for (std::size_t i = 0; i + 1 < samples.size(); ++i) {
    const Sample& from = samples[i];
    const Sample& to = samples[i + 1];
    const bool same_guest =
        from.name == to.name && std::ranges::equal(from.machine.zones, to.machine.zones, {},
                                                   &ZoneState::managed, &ZoneState::managed);
    if (!same_guest) {
      continue;
    }
    Settings settings;
    settings.min_free_kbytes = to.machine.min_free->value;
    settings.watermark_scale_factor = to.machine.scale_factor;
    const std::string what = to.name + " " + std::to_string(settings.min_free_kbytes->count());
    if (!to.ratio.empty()) {
      ASSERT_TRUE(apply_setting(settings, "vm.lowmem_reserve_ratio=" + to.ratio, from.machine));
    }
    const WhatIf result = what_if(from.machine, settings);
    for (std::size_t z = 0; z < result.zones.size(); ++z) {
      const ZoneState& measured = to.machine.zones[z];
      const ZoneMoment& computed = result.zones[z].after;
      EXPECT_EQ(computed.marks.min, measured.min) << what << " " << measured.name;
      EXPECT_EQ(computed.marks.low, measured.low) << what << " " << measured.name;
      EXPECT_EQ(computed.marks.high, measured.high) << what << " " << measured.name;
      if (measured.promo > Pages(0)) {  // 6.1 does not print it
        EXPECT_EQ(computed.marks.promo, measured.promo) << what << " " << measured.name;
      }
      if (!to.ratio.empty()) {
        EXPECT_EQ(computed.reserve, measured.reserve) << what << " " << measured.name;
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 800U);
}

TEST(WhatIf, WithMoreRamOnlyTheKernelsOwnChoiceGrows) {
  const auto min_of = [](std::uint64_t min_free) {
    const WhatIf result = with(guest(KiB(min_free), 5000), "ram=+1G");
    return to_kib(result.zones[0].after.marks.min + result.zones[1].after.marks.min, page_4k)
        .count();
  };
  // 95 to 105 % of 45056 kB is what the kernel chose.
  EXPECT_NEAR(static_cast<double>(min_of(42'804)), 45'056, 8);
  EXPECT_NEAR(static_cast<double>(min_of(42'803)), 42'803, 8);
  EXPECT_NEAR(static_cast<double>(min_of(47'308)), 45'056, 8);
  EXPECT_NEAR(static_cast<double>(min_of(47'309)), 47'309, 8);
}

TEST(WhatIf, ALimitHasToHaveRoomForTheWholeBlock) {
  Machine machine = guest(KiB(45056), 190000);
  machine.cgroup = CgroupLimit{Bytes(64U << 20U), Bytes(64U << 20U)};
  machine.request.order = 2;
  EXPECT_TRUE(with(machine, "memory.max=67125248").request->passes_after);
  EXPECT_FALSE(with(machine, "memory.max=67125247").request->passes_after);
  EXPECT_FALSE(with(machine, "memory.max=max").request->passes_before);
}

TEST(WhatIf, SaysWhatHasNoEffectAndNothingElse) {
  const Machine machine = guest(KiB(45056), 5000);
  Machine limited = machine;
  limited.cgroup = CgroupLimit{Bytes(64U << 20U), Bytes(64U << 20U)};
  Machine boosted = machine;
  boosted.zones[0].boost = Pages(1);
  Machine pooled = machine;
  pooled.hugepages = {{0, Bytes(2U << 20U), 4, 4}};
  const auto count = [](const Machine& of, std::string_view assignment) {
    return with(of, assignment).assumptions.size();
  };
  EXPECT_EQ(count(machine, "vm.panic_on_oom=0"), 0U);
  EXPECT_EQ(count(machine, "vm.watermark_scale_factor=20"), 0U);
  EXPECT_EQ(count(machine, "vm.min_free_kbytes=1000"), 1U) << "the scale factor";
  EXPECT_EQ(count(machine, "memory.max=1G"), 1U);
  EXPECT_TRUE(says(with(machine, "memory.max=1G"), "did not fail at the limit"));
  EXPECT_EQ(with(machine, "memory.max=1G").no_effect, 0U);
  EXPECT_FALSE(with(limited, "memory.max=1G").no_effect);
  EXPECT_EQ(count(limited, "memory.max=1G"), 1U);
  EXPECT_TRUE(says(with(limited, "memory.max=1G"), "no cgroup above"));
  EXPECT_EQ(count(limited, "vm.panic_on_oom=0"), 1U);
  EXPECT_EQ(count(boosted, "vm.watermark_boost_factor=0"), 0U);
  EXPECT_EQ(count(boosted, "vm.panic_on_oom=0"), 0U);
  EXPECT_EQ(count(machine, "vm.nr_hugepages=4"), 1U);
  EXPECT_TRUE(says(with(machine, "vm.nr_hugepages=4"), "no huge page pool"));
  EXPECT_EQ(count(pooled, "vm.nr_hugepages=0"), 0U);
  EXPECT_EQ(count(pooled, "vm.panic_on_oom=0"), 0U);
  EXPECT_EQ(count(machine, "ram=+1G"), 2U) << "where it goes, and the scale factor";
}

TEST(WhatIf, ABoostEndsWithNewMarksAndShrinksWithItsFactor) {
  Machine machine = guest(KiB(45056), 5000);
  machine.zones[1].boost = Pages(600);
  const auto boost_with = [&machine](std::string_view assignment) {
    return with(machine, assignment).zones[1].after.boost;
  };
  EXPECT_EQ(boost_with("vm.min_free_kbytes=45056"), Pages(0));
  EXPECT_EQ(boost_with("vm.watermark_scale_factor=10"), Pages(0));
  EXPECT_EQ(boost_with("vm.watermark_boost_factor=15000"), Pages(600));
  EXPECT_EQ(boost_with("vm.watermark_boost_factor=100"), machine.zones[1].high / 100);
  EXPECT_EQ(boost_with("vm.panic_on_oom=0"), Pages(600));
}

// Of two nodes, each with a zone for what must not move and one for what may.
TEST(WhatIf, HugePagesAreOfTheirNode) {
  Machine machine = guest(KiB(45056), 5000);
  for (const int node : {0, 1}) {
    machine.zones.push_back(zone("Normal", ZoneClass::normal, 100'000, 1000));
    machine.zones.back().node = node;
    machine.zones.push_back(zone("Movable", ZoneClass::movable, 100'000, 1000));
    machine.zones.back().node = node;
  }
  machine.hugepages = {
      {0, Bytes(1U << 30U), 1, 1}, {0, Bytes(2U << 20U), 10, 4}, {1, Bytes(2U << 20U), 10, 10}};
  const auto free_with = [&machine](std::string_view assignment) {
    std::vector<std::uint64_t> free;
    for (const ZoneChange& change : with(machine, assignment).zones) {
      free.push_back(change.after.usable.count());
    }
    return free;
  };
  using Free = std::vector<std::uint64_t>;
  EXPECT_EQ(free_with("vm.nr_hugepages=10"),
            (Free{800, 5000, 1000 + 4 * 512, 1000, 1000 + 6 * 512, 1000}));
  EXPECT_EQ(free_with("vm.nr_hugepages=20"), (Free{800, 5000, 1000, 1000, 1000, 1000}));
  EXPECT_EQ(free_with("vm.nr_hugepages=21"), (Free{800, 5000, 1000 - 512, 1000, 1000, 1000}));
}

TEST(WhatIf, ListsWhatWasSetAndWhatWillBe) {
  Machine machine = guest(KiB(45056), 5000);
  machine.hugepages = {{0, Bytes(2U << 20U), 10, 4}, {1, Bytes(2U << 20U), 5, 4}};
  machine.reserve_ratio = {256, 32};
  machine.cgroup = CgroupLimit{Bytes(1), Bytes(2048)};
  const auto listed = [&machine](std::string_view assignment) {
    const auto all = with(machine, assignment).settings;
    return all.size() == 1 ? all[0].before.value_or("-") + " " + all[0].after : "";
  };
  EXPECT_EQ(listed("vm.min_free_kbytes=7"), "45056 7");
  EXPECT_EQ(listed("vm.nr_hugepages=3"), "15 3");
  EXPECT_EQ(listed("vm.lowmem_reserve_ratio=1 2"), "256 32 1 2");
  EXPECT_EQ(listed("vm.lowmem_reserve_ratio=default"), "256 32 default");
  EXPECT_EQ(listed("memory.max=max"), "2048 max");
  EXPECT_EQ(listed("memory.max=7"), "2048 7");
  EXPECT_EQ(listed("vm.watermark_boost_factor=7"), "- 7");
  EXPECT_EQ(listed("vm.watermark_scale_factor=7"), "- 7");
  EXPECT_EQ(listed("vm.panic_on_oom=1"), "- 1");
}

}  // namespace
}  // namespace whyoom::memory
