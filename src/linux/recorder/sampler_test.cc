#include "linux/recorder/sampler.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace whyoom::linux {
namespace {

// Which of so many samples, one each `interval_ms`, are its turn.
std::vector<unsigned> turns_of(Turn turn, unsigned samples, unsigned every,
                               std::uint64_t interval_ms) {
  std::vector<unsigned> taken;
  turn.take(0, 0, 1);
  for (unsigned i = 1; i <= samples; ++i) {
    if (turn.take(i * interval_ms, i, every)) {
      taken.push_back(i);
    }
  }
  return taken;
}

TEST(Turns, EachKindHasItsOwnSamples) {
  using Samples = std::vector<unsigned>;
  EXPECT_EQ(turns_of(Turn(0), 20, 8, 1000), (Samples{8, 16}));
  EXPECT_EQ(turns_of(Turn(3), 20, 8, 1000), (Samples{5, 13}));
  EXPECT_EQ(turns_of(Turn(5), 32, 16, 1000), (Samples{11, 27}));
  EXPECT_EQ(turns_of(Turn(3), 4, 2, 1000), (Samples{1, 3}));
  EXPECT_EQ(turns_of(Turn(3), 4, 1, 1000), (Samples{1, 2, 3, 4}));
}

TEST(Turns, NothingIsOlderThanTwentySeconds) {
  EXPECT_EQ(turns_of(Turn(0), 16, 8, 5000), (std::vector<unsigned>{4, 8, 12, 16}));
}

TEST(Turns, WhatIsToBeNewerIsReadEachTimeWhereSamplesAreFarApart) {
  EXPECT_EQ(turns_of(Turn(1, 2000), 6, 2, 1000), (std::vector<unsigned>{1, 3, 5}));
  EXPECT_EQ(turns_of(Turn(1, 2000), 4, 2, 5000), (std::vector<unsigned>{1, 2, 3, 4}));
}

TEST(Turns, HowLongAgoItWas) {
  Turn turn(0);
  turn.take(1000, 0, 1);
  EXPECT_FALSE(turn.take(2000, 1, 8));
  EXPECT_EQ(turn.take(9000, 8, 8), std::optional<std::uint64_t>(8000));
}

TEST(Sampler, WhatIsNotReadAgainIsAsItWas) {
  Sampler sampler(PageSize{});
  ASSERT_TRUE(sampler.sees_memory());
  record::Sample sample;
  sampler.take_first(sample);
  const record::Sample first = sample;
  for (int i = 0; i < 3; ++i) {  // before the turn of any kind
    sampler.take(sample, record::Closeness::calm, false);
    EXPECT_GT(sample.boot_ms, 0U);
    EXPECT_EQ(sample.machine.known, first.machine.known);
    EXPECT_EQ(sample.processes, first.processes);
  }
}

}  // namespace
}  // namespace whyoom::linux
