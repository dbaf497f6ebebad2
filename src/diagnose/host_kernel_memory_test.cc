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

}  // namespace
}  // namespace whyoom::diagnose
