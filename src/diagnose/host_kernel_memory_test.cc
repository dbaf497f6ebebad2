// What the kernel itself holds of a host, on both sides of each border.
#include <gtest/gtest.h>

#include <string>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

// Half of what the kernel can address directly.
TEST(HostKernelMemory, SlabInLowMemory) {
  const auto low = [](const std::string& slab, const std::string& high) {
    return cases::role_of(
        cases::check_host("== /proc/meminfo\nMemTotal: 5907468 kB\nMemFree: 2017960 kB\n" + high +
                          "LowTotal: 800000 kB\nLowFree: 16788 kB\nSUnreclaim: " + slab + " kB\n")
            ->findings,
        "lowmem-exhausted");
  };
  const std::string high = "HighTotal: 5111780 kB\nHighFree: 2001172 kB\n";
  EXPECT_EQ(low("400000", high), "risk");
  EXPECT_EQ(low("399999", high), "refused");
  EXPECT_EQ(low("400000", "HighTotal: 0 kB\nHighFree: 0 kB\n"), "refused") << "all of it is low";
  EXPECT_EQ(low("400000", ""), "refused");
}

// Most of RAM, of which less than 5 % is available.
TEST(HostKernelMemory, ACacheThatDoesNotGiveWay) {
  const auto cache = [](const std::string& name, const std::string& pages,
                        const std::string& available) {
    return cases::role_of(
        cases::check_host("== /proc/meminfo\nMemTotal: 4000000 kB\nMemFree: 90000 kB\n" +
                          available + "== /proc/slabinfo\nslabinfo - version: 2.1\n" + name +
                          " 0 0 0 0 " + pages + " : tunables 0 0 0 : slabdata 1 1 0\n")
            ->findings,
        "slab-leak");
  };
  const std::string few = "MemAvailable: 199999 kB\n";
  EXPECT_EQ(cache("ext4_inode_cache", "500000", few), "risk");
  EXPECT_EQ(cache("ext4_inode_cache", "499999", few), "refused");
  EXPECT_EQ(cache("ext4_inode_cache", "1000001", few), "refused") << "more than RAM";
  EXPECT_EQ(cache("ext4_inode_cache", "500000", "MemAvailable: 200000 kB\n"), "refused");
  EXPECT_EQ(cache("ext4_inode_cache", "500000", ""), "refused") << "it may be available";
  EXPECT_EQ(cache("kmalloc-64", "300000", ""), "risk") << "this one never gives way";
}

}  // namespace
}  // namespace whyoom::diagnose
