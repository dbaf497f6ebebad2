#include "record/warnings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace whyoom::record {
namespace {

// 4 GiB in one zone of 4 KiB pages, min 16 MiB.
Sample machine_with(std::uint64_t second, std::uint64_t free_mib) {
  Sample sample;
  sample.boot_ms = second * 1000;
  ZoneFields& zone = sample.zones[0];
  zone.set(ZoneField::zone, std::uint64_t{2});
  zone.set(ZoneField::free, free_mib * 256);
  zone.set(ZoneField::min, std::uint64_t{16} * 256);
  zone.set(ZoneField::managed, std::uint64_t{4096} * 256);
  sample.machine.set(Field::mem_total, std::uint64_t{4} << 20U);
  sample.machine.set(Field::min_free_kbytes, std::uint64_t{16384});
  sample.machine.set(Field::tasks, std::uint64_t{100});
  sample.machine.set(Field::threads_max, std::uint64_t{30000});
  sample.machine.set(Field::pid_max, std::uint64_t{32768});
  return sample;
}

struct Watched {
  Lookout lookout{PageSize{}};
  std::vector<std::string> said;
  void look(const Sample& sample) {
    for (const Warning& warning : lookout.look(sample, {"/a.service"})) {
      said.emplace_back(std::string(name(warning.kind)) + ": " + std::string(warning.text.view()));
    }
  }
};

TEST(Warnings, QuietMachine) {
  Watched watched;
  for (std::uint64_t second = 0; second < 100; ++second) {
    watched.look(machine_with(second, 2000 + second % 7));
  }
  EXPECT_TRUE(watched.said.empty()) << watched.said[0];
  EXPECT_EQ(watched.lookout.state().view(), "1.94 GiB left before requests fail");
}

TEST(Warnings, TheTrendIsToldOnceAndBeforeTheEnd) {
  Watched watched;
  std::uint64_t second = 0;
  for (std::uint64_t left = 3000; left > 20; left -= 20) {
    watched.look(machine_with(second++, left));
  }
  ASSERT_EQ(watched.said.size(), 1U);
  EXPECT_NE(watched.said[0].find("It falls by 20 MiB a second: gone in 50 s"), std::string::npos)
      << watched.said[0];
  // Over, and the same again within ten minutes: no news.
  for (int i = 0; i < 120; ++i) {
    watched.look(machine_with(second++, 3000));
  }
  watched.look(machine_with(second++, 30));
  EXPECT_EQ(watched.said.size(), 1U);
  second += 700;
  watched.look(machine_with(second, 3000));
  watched.look(machine_with(second + 100, 3000));
  watched.look(machine_with(second + 101, 30));
  EXPECT_EQ(watched.said.size(), 2U);
}

TEST(Warnings, FilePagesAndSwapCount) {
  Sample sample = machine_with(1, 20);
  EXPECT_EQ(headroom_of(sample, PageSize{})->left, Bytes(std::uint64_t{4} << 20U));
  sample.zones[0].set(ZoneField::reclaimable, std::uint64_t{256});
  sample.machine.set(Field::swap_free, std::uint64_t{2048});
  sample.machine.set(Field::active_anon, std::uint64_t{1024});
  EXPECT_EQ(headroom_of(sample, PageSize{})->left, Bytes(std::uint64_t{6} << 20U));
  sample.zones[0].set(ZoneField::reserve, std::uint64_t{1} << 30U);
  EXPECT_EQ(headroom_of(sample, PageSize{})->left, Bytes(std::uint64_t{1} << 20U));
}

TEST(Warnings, MinFreeRaised) {
  Watched watched;
  watched.look(machine_with(1, 3000));
  Sample raised = machine_with(2, 3000);
  raised.machine.set(Field::min_free_kbytes, std::uint64_t{1048576});
  raised.zones[0].set(ZoneField::min, std::uint64_t{262144});
  watched.look(raised);
  ASSERT_EQ(watched.said.size(), 1U);
  EXPECT_EQ(watched.said[0].find("min-free-raised: vm.min_free_kbytes was raised from 16384 to "
                                 "1048576 kB: 1008 MiB more (25 % of RAM) cannot be used; the "
                                 "kernel's own choice is "),
            0U)
      << watched.said[0];
  ASSERT_EQ(watched.lookout.changes().size(), 1U);
  EXPECT_EQ(watched.lookout.changes()[0].after, 1048576U);
  watched.look(machine_with(3, 3000));  // lowered: a change, no warning
  EXPECT_EQ(watched.said.size(), 1U);
  EXPECT_EQ(watched.lookout.changes().size(), 1U);
}

TEST(Warnings, ASettingThatWasChangedBetweenTwoRecorders) {
  Watched watched;
  watched.lookout.begin_after(machine_with(1, 3000));
  Sample raised = machine_with(2, 3000);
  raised.machine.set(Field::min_free_kbytes, std::uint64_t{1048576});
  raised.zones[0].set(ZoneField::min, std::uint64_t{262144});
  watched.look(raised);
  ASSERT_EQ(watched.lookout.changes().size(), 1U);
  EXPECT_EQ(watched.lookout.changes()[0].before, 16384U);
  EXPECT_EQ(watched.said.size(), 1U);
}

TEST(Warnings, TasksAgainstTheLowerLimit) {
  Watched watched;
  Sample sample = machine_with(1, 3000);
  sample.machine.set(Field::tasks, std::uint64_t{26999});
  watched.look(sample);
  EXPECT_TRUE(watched.said.empty());
  sample.machine.set(Field::tasks, std::uint64_t{27000});
  watched.look(sample);
  ASSERT_EQ(watched.said.size(), 1U);
  EXPECT_NE(watched.said[0].find("27000 tasks of at most 30000 (kernel.threads-max)"),
            std::string::npos);
}

TEST(Warnings, CgroupAtItsLimits) {
  Watched watched;
  for (std::uint64_t second = 1; second < 20; ++second) {
    Sample sample = machine_with(second, 3000);
    CgroupFields& cgroup = sample.cgroups[0];
    cgroup.set(CgroupField::id, std::uint64_t{5});
    cgroup.set(CgroupField::pids, std::uint64_t{95});
    cgroup.set(CgroupField::pids_max, std::uint64_t{100});
    cgroup.set(CgroupField::throttled, second * 10);
    cgroup.set(CgroupField::high, std::uint64_t{1024});
    watched.look(sample);
  }
  ASSERT_EQ(watched.said.size(), 2U);
  EXPECT_NE(watched.said[0].find("cgroup /a.service has 95 tasks of at most 100"),
            std::string::npos);
  EXPECT_NE(watched.said[1].find("held at its memory.high"), std::string::npos);
}

TEST(Pace, ByTheDistanceAndNeverForHours) {
  Pace pace(1000, false);
  const auto next = [&pace](std::uint64_t free_mib, std::uint64_t some = 0) {
    Sample sample = machine_with(1, free_mib);
    sample.machine.set(Field::psi_some_avg10, some);
    pace.see(sample, headroom_of(sample, PageSize{}));
    return pace.next_ms();
  };
  EXPECT_EQ(next(3000), 1000U);  // not 4 GiB
  EXPECT_EQ(next(100), 200U);
  EXPECT_EQ(next(50), 100U);
  EXPECT_EQ(next(3000, 1500), 200U);
  EXPECT_TRUE(pace.is_near());
  unsigned fast = 0;
  for (int i = 0; i < 10000; ++i) {
    fast += next(100) < 1000 ? 1 : 0;
  }
  EXPECT_LT(fast, 5000U);
  Sample large = machine_with(1, 10000);
  large.zones[0].set(ZoneField::managed, std::uint64_t{16384} * 256);
  pace.see(large, headroom_of(large, PageSize{}));
  EXPECT_EQ(pace.next_ms(), 5000U);
  EXPECT_EQ(Pace(10, true).next_ms(), 10U);
}

TEST(Pace, CalmOnlyWhereMuchIsLeftAndNobodyWaits) {
  Pace pace(1000, true);
  std::uint64_t second = 0;
  const auto closeness = [&](std::uint64_t free_mib, std::uint64_t some = 0) {
    Sample sample = machine_with(++second, free_mib);
    sample.machine.set(Field::psi_some_avg10, some);
    pace.see(sample, headroom_of(sample, PageSize{}));
    return pace.closeness();
  };
  EXPECT_EQ(pace.closeness(), Closeness::usual);  // nothing is known yet
  EXPECT_EQ(closeness(3000), Closeness::calm);
  EXPECT_EQ(closeness(3000, 1), Closeness::usual);
  EXPECT_EQ(closeness(2700), Closeness::usual);  // falling: gone in nine seconds
  EXPECT_EQ(closeness(2700), Closeness::calm);
  EXPECT_EQ(closeness(50), Closeness::near);
  Sample unknown;
  pace.see(unknown, headroom_of(unknown, PageSize{}));
  EXPECT_EQ(pace.closeness(), Closeness::usual);
}

TEST(Pace, ByHowLongWhatIsLeftLasts) {
  Pace pace(1000, false);
  std::uint64_t second = 0;
  const auto see = [&](std::uint64_t free_mib) {
    const Sample sample = machine_with(++second, free_mib);
    pace.see(sample, headroom_of(sample, PageSize{}));
  };
  see(3000);
  EXPECT_FALSE(pace.is_falling());
  see(2990);  // five minutes
  EXPECT_FALSE(pace.is_falling());
  see(2890);
  EXPECT_TRUE(pace.is_falling());
  EXPECT_FALSE(pace.is_near());
  see(2000);
  EXPECT_TRUE(pace.is_near());
  EXPECT_EQ(pace.next_ms(), 200U);
  see(2000);
  EXPECT_FALSE(pace.is_falling());
  EXPECT_FALSE(pace.is_near());
}

}  // namespace
}  // namespace whyoom::record
