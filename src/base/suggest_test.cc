#include "base/suggest.h"

#include <gtest/gtest.h>

#include <array>

namespace whyoom {
namespace {

TEST(Suggest, TheDistanceCountsLettersAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("check", "check"), 0U);
  EXPECT_EQ(edit_distance("chek", "check"), 1U);
  EXPECT_EQ(edit_distance("chceck", "check"), 1U);
  EXPECT_EQ(edit_distance("chekc", "check"), 1U);
  EXPECT_EQ(edit_distance("explian", "explain"), 1U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);  // a letter that was swapped is not touched again
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Suggest, TheDistanceIsTheSameBothWays) {
  constexpr std::array<std::string_view, 6> words = {"",      "a",      "whatif",
                                                     "ab ba", "what-i", "vm.min_free_kbytes"};
  for (const auto a : words) {
    for (const auto b : words) {
      EXPECT_EQ(edit_distance(a, b), edit_distance(b, a)) << a << " " << b;
    }
  }
}

constexpr std::array<std::string_view, 6> commands = {"explain", "check", "whatif",
                                                      "fix",     "undo",  "causes"};

TEST(Suggest, WhatIsNear) {
  EXPECT_EQ(did_you_mean("explian", commands), "; did you mean explain?");
  EXPECT_EQ(did_you_mean("EXPLIAN", commands), "; did you mean explain?");
  EXPECT_EQ(did_you_mean("what-if", commands), "; did you mean whatif?");
  EXPECT_EQ(did_you_mean("fxi", commands), "; did you mean fix?");
  EXPECT_EQ(did_you_mean("expl", commands), "; did you mean explain?");
}

TEST(Suggest, NothingForWhatIsFar) {
  for (const std::string_view word : {"", "x", "a.log", "nonsense", "ex", "repair"}) {
    EXPECT_EQ(did_you_mean(word, commands), "") << word;
  }
  EXPECT_EQ(did_you_mean(std::string(100'000, 'c'), commands), "");
  EXPECT_EQ(did_you_mean("ab", std::array<std::string_view, 1>{"cd"}), "");
}

TEST(Suggest, ABeginningOfSeveralIsOfNone) {
  constexpr std::array<std::string_view, 2> names = {"watermark-raised", "watermark-lowered"};
  EXPECT_EQ(did_you_mean("watermark", names), "");
  EXPECT_EQ(did_you_mean("watermark-r", names), "; did you mean watermark-raised?");
}

TEST(Suggest, OfEqualsTheFirst) {
  EXPECT_EQ(did_you_mean("--colur", std::array<std::string_view, 2>{"--color", "--colour"}),
            "; did you mean --color?");
}

}  // namespace
}  // namespace whyoom
