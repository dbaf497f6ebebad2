#include "memory/usual_machine.h"

#include <gtest/gtest.h>

namespace whyoom::memory {
namespace {

constexpr Bytes gib{std::uint64_t{1} << 30U};

KiB own_choice(Bytes ram) { return *usual_machine(ram).default_min_free; }

// 22528 kB for each zone, and not more than 5 % of RAM.
TEST(UsualMachine, TheKernelsChoiceIsThatOfItsZones) {
  EXPECT_EQ(own_choice(gib), KiB(45056));
  EXPECT_EQ(own_choice(gib * 4), KiB(67584));
  EXPECT_EQ(own_choice(gib * 64), KiB(67584));
  EXPECT_LT(own_choice(gib / 4), KiB(4096)) << "no huge pages below 512 MB";
  EXPECT_GT(own_choice(gib * 4096), KiB(67584)) << "by the square root then";
}

TEST(UsualMachine, ManagesAlmostAllOfItsRam) {
  for (const std::uint64_t size : {1, 2, 3, 4, 64, 1024}) {
    const Machine machine = usual_machine(gib * size);
    EXPECT_GT(share(machine.managed(), gib * size), 0.94) << size;
    EXPECT_LT(share(machine.managed(), gib * size), 1.0) << size;
  }
}

TEST(UsualMachine, TheCostIsOneAndAHalfTimesWhatIsSet) {
  const Machine machine = usual_machine(gib * 4);
  EXPECT_EQ(cost_of_min_free(machine, *machine.default_min_free), Bytes(0));
  EXPECT_EQ(cost_of_min_free(machine, KiB(1024)), Bytes(0));
  const double cost = static_cast<double>(cost_of_min_free(machine, KiB(1048576)).count());
  EXPECT_NEAR(cost / 1024, 1.5 * (1048576 - 67584), 50);
  EXPECT_LE(cost_of_min_free(machine, KiB(UINT64_MAX)), gib * 4);
}

TEST(UsualMachine, SmallAndHugeSizesAreHarmless) {
  for (const Bytes ram : {Bytes(0), Bytes(1), Bytes(UINT64_MAX)}) {
    const Machine machine = usual_machine(ram);
    EXPECT_TRUE(machine.default_min_free.has_value());
    EXPECT_GE(cost_of_min_free(machine, KiB(UINT64_MAX)), Bytes(0));
  }
}

TEST(UsualMachine, LimitsThatTheKernelChooses) {
  EXPECT_NEAR(static_cast<double>(default_threads_max(usual_machine(gib * 4))), 32000, 1000);
  EXPECT_NEAR(static_cast<double>(default_file_max(usual_machine(gib * 4))), 410000, 12000);
}

}  // namespace
}  // namespace whyoom::memory
