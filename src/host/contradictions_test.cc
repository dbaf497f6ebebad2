#include <gtest/gtest.h>

#include "host/memory_files_for_test.h"
#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

using test::count;

// Beside that many nodes of 512 MiB.
Host machine_with(const std::string& meminfo, int zones = 0) {
  MemoryFiles files;
  files.add("/proc/meminfo", meminfo);
  std::string text;
  for (int node = 0; node < zones; ++node) {
    text += "Node " + std::to_string(node) + ", zone Normal\n  pages free 1000\n        min 11\n" +
            "        managed 131072\n";
  }
  if (zones > 0) {
    files.add("/proc/zoneinfo", text);
  }
  return read_host(files);
}

std::string damage_of(const Host& host) {
  return host.damage.empty() ? std::string() : host.damage.front().what;
}

TEST(Contradictions, a_part_that_is_more_than_all) {
  const std::string total = "MemTotal: 2097152 kB\nMemFree: 1977304 kB\n";
  const Host lxc = machine_with(total + "AnonPages: 7721928 kB\nKReclaimable: 6186808 kB\n");
  EXPECT_TRUE(is_empty(lxc.meminfo));
  EXPECT_EQ(damage_of(lxc),
            "7.36 GiB of AnonPages are more than the 2 GiB of MemTotal: these are not the numbers "
            "of one machine (lxcfs shows some of a container beside some of its host); none of "
            "them is used");
  EXPECT_EQ(lxc.damage.front().at.line, 3U);
  EXPECT_FALSE(is_empty(machine_with(total + "AnonPages: 2202009 kB\n").meminfo)) << "5 % more";
  EXPECT_TRUE(is_empty(machine_with(total + "AnonPages: 2202010 kB\n").meminfo));
  // What may be more than RAM.
  EXPECT_FALSE(is_empty(machine_with(total + "SwapTotal: 9000000 kB\nCommitted_AS: 9000000 kB\n"
                                             "VmallocUsed: 34359738367 kB\n")
                            .meminfo));
  EXPECT_FALSE(is_empty(machine_with("AnonPages: 7721928 kB\n").meminfo)) << "than what?";
}

TEST(Contradictions, a_sum_that_is_more_than_all) {
  const auto with = [](const std::string& anon) {
    return machine_with(
        "MemTotal: 1000000 kB\nMemFree: 300000 kB\nActive(anon): " + anon +
        " kB\nInactive(file): 200000 kB\nSUnreclaim: 150000 kB\nCached: 200000 kB\n");
  };
  EXPECT_EQ(damage_of(with("400000")), "") << "5 % more, and what is cached is on a list";
  EXPECT_EQ(damage_of(with("400001")).substr(0, 78),
            "what is free, in use and of the kernel adds up to 1 GiB of 977 MiB of MemTotal");
  EXPECT_TRUE(is_empty(with("400001").meminfo));
}

TEST(Contradictions, zones_that_are_more_than_ram) {
  EXPECT_EQ(machine_with("MemTotal: 1048576 kB\n", 2).zones.size(), 2U);
  EXPECT_EQ(machine_with("MemTotal: 1000000 kB\n", 2).zones.size(), 2U) << "within 5 %";
  const Host half = machine_with("MemTotal: 1048576 kB\n", 1);
  EXPECT_EQ(half.zones.size(), 1U) << "memory that came later";
  EXPECT_FALSE(half.page_size) << "no sign of larger pages";
  for (const int zones : {3, 4}) {
    const Host host = machine_with("MemTotal: 1048576 kB\n", zones);
    EXPECT_TRUE(host.zones.empty()) << zones;
    EXPECT_EQ(damage_of(host).substr(0, 17), "the zones manage ") << zones;
  }
  const Host large = machine_with("MemTotal: 16777216 kB\n", 2);
  EXPECT_EQ(large.page_size, PageSize{65536});
  EXPECT_EQ(large.zones.size(), 2U);
}

}  // namespace
}  // namespace whyoom::host
