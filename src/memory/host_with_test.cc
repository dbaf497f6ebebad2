#include "memory/host_with.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "host/read_host.h"
#include "host/tree_for_test.h"

namespace whyoom::memory {
namespace {

class HostWith : public testing::Test {
 protected:
  host::MemoryFiles files = host::test::example_host();
  host::Host host = host::read_host(files);
  HostState state = state_of(host);
  const Pages boost{512};

  [[nodiscard]] host::Host boosted() const {
    host::Host result = host;
    for (host::Zone& zone : result.zones) {
      if (zone.min && zone.low && zone.high && zone.managed->value > boost) {
        zone.boost = Read<Pages>{boost, zone.at};
        zone.min->value += boost;
        zone.low->value += boost;
        zone.high->value += boost;
      }
    }
    return result;
  }
};

TEST_F(HostWith, the_marks_are_those_of_the_kernel_for_the_value) {
  ASSERT_TRUE(state.machine.min_free && state.machine.default_min_free && state.available);
  const host::Host other = host_with(state, "vm.min_free_kbytes", "45056");
  const HostState then = state_of(other);
  EXPECT_EQ(then.machine.min_free->value, KiB(45056));
  ASSERT_EQ(then.machine.zones.size(), state.with_default->zones.size());
  bool changed = false;
  for (std::size_t i = 0; i < then.machine.zones.size(); ++i) {
    const Watermarks& marks = then.machine.zones[i];
    EXPECT_EQ(marks.min, state.with_default->zones[i].after.marks.min);
    EXPECT_EQ(marks.high, state.with_default->zones[i].after.marks.high);
    changed = changed || marks.min != state.machine.zones[i].min;
  }
  EXPECT_TRUE(changed);
  EXPECT_EQ(then.available, state.available_with_default);
  EXPECT_EQ(then.free, state.free);
}

// zoneinfo prints min_wmark_pages(), which is with the boost (include/linux/mmzone.h, 5.0 on).
TEST_F(HostWith, a_boost_is_in_the_printed_marks) {
  const host::Host other = boosted();
  const HostState with = state_of(other);
  ASSERT_EQ(with.machine.zones.size(), state.machine.zones.size());
  for (std::size_t i = 0; i < with.machine.zones.size(); ++i) {
    EXPECT_EQ(with.machine.zones[i].min, state.machine.zones[i].min);
    EXPECT_EQ(with.machine.zones[i].high, state.machine.zones[i].high);
    const bool has_pages = with.machine.zones[i].managed > boost;
    EXPECT_EQ(with.machine.zones[i].boost, has_pages ? boost : Pages(0));
  }
}

TEST_F(HostWith, the_release_tells_who_need_not_leave_the_boost) {
  using kernel::GfpFlag;
  for (const auto& [release, atomic, high] :
       {std::tuple("5.8.0", false, false), {"5.9.0", true, false}, {"6.3.0", true, true}}) {
    host::Host other = boosted();
    other.release = Read<std::string>{release, {}};
    Machine machine = state_of(other).machine;
    const auto floor_of = [&machine] {  // of the largest zone, which has no reserve
      const auto zones = what_if(machine, {}).zones;
      return std::ranges::max_element(zones, {}, &ZoneChange::managed)->before.floor;
    };
    const Pages min = std::ranges::max_element(machine.zones, {}, &ZoneState::size)->min;
    EXPECT_EQ(floor_of(), min + boost) << release << ": an ordinary request";
    machine.request.flags.set(GfpFlag::high);
    EXPECT_EQ(floor_of(), (high ? min : min + boost) / 2) << release;
    machine.request.flags = {};
    machine.request.flags.set(GfpFlag::high);
    const Pages mark = atomic ? min : min + boost;
    const Pages half = mark - mark / 2;  // rounded up, as the kernel does
    EXPECT_EQ(floor_of(), half - half / 4) << release;
  }
}

TEST_F(HostWith, the_same_value_is_the_same_host) {
  const HostState then = state_of(host_with(state, "vm.min_free_kbytes",
                                            std::to_string(state.machine.min_free->value.count())));
  ASSERT_EQ(then.machine.zones.size(), state.machine.zones.size());
  for (std::size_t i = 0; i < then.machine.zones.size(); ++i) {
    EXPECT_EQ(then.machine.zones[i].min, state.machine.zones[i].min);
    EXPECT_EQ(then.machine.zones[i].free, state.machine.zones[i].free);
  }
}

TEST_F(HostWith, other_settings_are_set_and_nothing_else) {
  const host::Host other = host_with(state, "kernel.pid_max", "301");
  ASSERT_TRUE(other.settings.pid_max);
  EXPECT_EQ(other.settings.pid_max->value, 301);
  EXPECT_EQ(state_of(other).available, state.available);
  const host::Host same = host_with(state, "kernel.domainname", "x");
  EXPECT_EQ(same.settings.pid_max.has_value(), host.settings.pid_max.has_value());
}

TEST_F(HostWith, what_is_available_is_less_by_a_boost) {
  const host::Host other = boosted();
  const HostState with = state_of(other);
  const auto before = available_after(state, what_if(state.machine, {}));
  const auto after = available_after(with, what_if(with.machine, {}));
  ASSERT_TRUE(before && after);
  EXPECT_GE(*before - *after, to_bytes(boost, state.machine.page));
}

TEST_F(HostWith, huge_pages_are_taken_from_what_is_free_and_given_back) {
  ASSERT_TRUE(host.meminfo.mem_free);
  const auto with = [this](std::uint64_t total, std::uint64_t free, const std::string& wanted) {
    host::Host of = host;
    of.huge_pools = {{}};
    of.huge_pools[0].page_size = KiB(2048);
    of.huge_pools[0].total = Read<std::uint64_t>{total, {}};
    of.huge_pools[0].free = Read<std::uint64_t>{free, {}};
    of.huge_pools[0].reserved = Read<std::uint64_t>{0, {}};
    const host::Host then = host_with(state_of(of), "vm.nr_hugepages", wanted);
    return std::tuple(then.huge_pools[0].total->value, then.huge_pools[0].free->value,
                      (to_bytes(then.meminfo.mem_free->value).count() + (8U << 20U) -
                       to_bytes(host.meminfo.mem_free->value).count()) >>
                          20U);
  };
  // Total and free pages; MiB of free memory, 8 more than now.
  EXPECT_EQ(with(10, 4, "10"), std::tuple(10U, 4U, 8U));
  EXPECT_EQ(with(10, 4, "11"), std::tuple(11U, 5U, 6U));
  EXPECT_EQ(with(10, 4, "9"), std::tuple(9U, 3U, 10U));
  EXPECT_EQ(with(10, 4, "0"), std::tuple(6U, 0U, 16U)) << "six are in use";
}

// Zones keep their boost under a what-if that sets no mark, and what they cannot use of the free.
TEST_F(HostWith, marks_are_printed_with_the_boost_again) {
  host = boosted();
  for (host::Zone& zone : host.zones) {
    if (zone.free && zone.managed->value > boost) {
      zone.promo = Read<Pages>{zone.high->value + Pages(7), zone.at};
      zone.reserved_highatomic = Read<Pages>{Pages(64), zone.at};
    }
  }
  const host::Host then = host_with(state_of(host), "vm.watermark_boost_factor", "15000");
  const auto pages_of = [](const Maybe<Pages>& value) { return value ? value->value : Pages(0); };
  for (std::size_t i = 0; i < host.zones.size(); ++i) {
    for (const auto number : {&host::Zone::min, &host::Zone::low, &host::Zone::high,
                              &host::Zone::promo, &host::Zone::boost, &host::Zone::free}) {
      EXPECT_EQ(pages_of(then.zones[i].*number), pages_of(host.zones[i].*number)) << i;
    }
  }
}

TEST_F(HostWith, a_zone_without_one_of_its_marks_stays) {
  const auto of_dma = [this](Maybe<Pages> host::Zone::*lost) {
    host::Host other = host;
    (other.zones[0].*lost).reset();
    return std::pair(host_with(state_of(other), "vm.min_free_kbytes", "45056").zones[0], other);
  };
  for (const auto lost : {&host::Zone::low, &host::Zone::high}) {
    const auto& [zone, before] = of_dma(lost);
    EXPECT_EQ(zone.min->value, before.zones[0].min->value);
  }
}

TEST_F(HostWith, a_pool_without_one_of_its_files_stays) {
  for (const bool total_is_lost : {true, false}) {
    host::Host of = host;
    of.huge_pools = {{}, {}};
    of.huge_pools[1].page_size = KiB(2048);
    of.huge_pools[0].page_size = KiB(64);
    for (host::HugePool& pool : of.huge_pools) {
      pool.total = pool.free = pool.reserved = Read<std::uint64_t>{4, {}};
    }
    (total_is_lost ? of.huge_pools[0].total : of.huge_pools[0].free).reset();
    const host::Host then = host_with(state_of(of), "vm.nr_hugepages", "0");
    EXPECT_EQ(then.meminfo.mem_free->value, host.meminfo.mem_free->value);
  }
}

TEST_F(HostWith, what_is_available_stays_unknown) {
  host.meminfo.mem_available.reset();
  const host::Host then = host_with(state_of(host), "vm.min_free_kbytes", "45056");
  EXPECT_FALSE(then.meminfo.mem_available);
}

TEST_F(HostWith, no_number_is_no_setting) {
  const host::Host then = host_with(state, "kernel.pid_max", "many");
  EXPECT_EQ(then.settings.pid_max.has_value(), host.settings.pid_max.has_value());
}

// Some per cent of memory join the zones after the kernel has chosen: 5, or an initramfs.
TEST_F(HostWith, the_kernels_choice_may_be_a_little_lower_than_computed) {
  const auto choice = [this](std::uint64_t setting) {
    host.settings.min_free_kbytes = Read<std::int64_t>{static_cast<std::int64_t>(setting), {}};
    return state_of(host).machine.default_min_free.value_or(KiB(0)).count();
  };
  const auto expect_down_to = [&choice](double factor) {
    const std::uint64_t computed = choice(1);
    const auto least =
        static_cast<std::uint64_t>(std::ceil(static_cast<double>(computed) * factor - 1));
    EXPECT_EQ(choice(computed), computed);
    EXPECT_EQ(choice(computed + 1), computed);
    EXPECT_EQ(choice(least), least);
    EXPECT_EQ(choice(least - 1), computed);
  };
  for (host::Zone& zone : host.zones) {
    zone.min = zone.min ? Maybe<Pages>({Pages(50'000), zone.min->at}) : zone.min;
  }
  host.transparent_huge = Read<std::string>{"never", {}};
  expect_down_to(std::sqrt(0.95));
  host.transparent_huge = Read<std::string>{"always", {}};
  EXPECT_EQ(choice(1), 45'056U);
  EXPECT_EQ(choice(45'055), 45'056U) << "pageblocks: no size of memory is in it";
  for (host::Zone& zone : host.zones) {
    if (zone.managed && zone.managed->value > Pages(150'001)) {
      zone.managed->value = Pages(150'001);
    }
  }
  // A twentieth of it, or an initramfs of 48 MiB.
  expect_down_to(1 - share(Bytes(48U << 20U), state_of(host).machine.managed()));
}

}  // namespace
}  // namespace whyoom::memory
