#include "report/words_held.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::report {
namespace {

constexpr std::array<std::string_view, 4> some_words{" cpuset=", "Kill", "+0x", "OOM"};
constexpr WordsHeld some_held(some_words);

TEST(WordsHeld, NeverDeniesAWordThatIsThere) {
  for (std::size_t i = 0; i < some_words.size(); ++i) {
    for (const std::string before : {"", "x", "a line of text "}) {
      for (const std::string after : {"", "y", " and the rest of it"}) {
        EXPECT_NE(some_held.in(before + std::string(some_words[i]) + after) & (1U << i), 0U)
            << before << some_words[i] << after;
      }
    }
  }
}

TEST(WordsHeld, DeniesMostWordsThatAreNotThere) {
  EXPECT_EQ(some_held.in(""), 0U);
  EXPECT_EQ(some_held.in("K"), 0U);
  EXPECT_EQ(some_held.in("Node 0 DMA free:8144kB min:340kB"), 0U);
  constexpr WordsHeld header(std::to_array<std::string_view>({" invoked oom-killer:"}));
  EXPECT_EQ(header.in("[    156]     0   156     4096       10     4096        0             0 sh"),
            0U);
}

}  // namespace
}  // namespace whyoom::report
