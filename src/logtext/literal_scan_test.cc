#include "logtext/literal_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace whyoom::logtext {
namespace {

constexpr std::array<Simd, 4> levels{Simd::none, Simd::ssse3, Simd::avx2, Simd::avx512_vbmi};

std::size_t naive_find(std::span<const std::string_view> literals, std::string_view text,
                       std::size_t from) {
  std::size_t best = LiteralScan::npos;
  for (const std::string_view literal : literals) {
    best = std::min(best, text.find(literal, from));
  }
  return best;
}

std::vector<std::size_t> all_hits(const LiteralScan& scan, std::string_view text) {
  std::vector<std::size_t> hits;
  for (std::size_t at = scan.find(text); at != LiteralScan::npos; at = scan.find(text, at + 1)) {
    hits.push_back(at);
  }
  return hits;
}

TEST(LiteralScan, FindsAHitAtEveryAlignmentAndAtTheEnd) {
  const std::array<std::string_view, 3> literals{"invoked oom-killer", "#1 Part", "abcd"};
  for (const Simd level : levels) {
    const LiteralScan scan(literals, level);
    for (const std::string_view literal : literals) {
      for (std::size_t before = 0; before < 140; ++before) {
        for (const std::size_t after : {0U, 1U, 3U, 31U, 63U, 70U}) {
          const std::string text =
              std::string(before, '.') + std::string(literal) + std::string(after, '.');
          ASSERT_EQ(scan.find(text), before) << literal << ' ' << before << ' ' << after;
          ASSERT_EQ(scan.find(text, before), before);
          ASSERT_EQ(scan.find(text, before + 1), LiteralScan::npos);
          ASSERT_EQ(scan.find(std::string_view(text).substr(0, before + literal.size() - 1)),
                    LiteralScan::npos);
        }
      }
    }
  }
}

TEST(LiteralScan, GivesTheEarliestStartOfOverlappingHits) {
  // The print of one literal can stand before the print of one that starts earlier.
  const std::array<std::string_view, 4> literals{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa#@!x",
                                                 "aaaa@", "#@!x", "a#@!"};
  for (const Simd level : levels) {
    const LiteralScan scan(literals, level);
    for (std::size_t before = 0; before < 70; ++before) {
      const std::string text = std::string(before, ' ') + std::string(literals[0]) + "y";
      ASSERT_EQ(scan.find(text), before);
      ASSERT_EQ(scan.find(text, before + 1), before + 35);
      ASSERT_EQ(scan.find(text, before + 36), before + 36);
      ASSERT_EQ(scan.find(text, before + 37), LiteralScan::npos);
    }
  }
}

TEST(LiteralScan, AgreesWithANaiveSearchOnRandomText) {
  std::minstd_rand random(20261123);
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 1500; ++round) {
    // A small alphabet makes hits, near hits and overlaps common.
    const std::string_view alphabet = round % 3 == 0   ? std::string_view("ab")
                                      : round % 3 == 1 ? std::string_view("ab \x7fq#")
                                                       : std::string_view("a\xc3\xa4\0\n", 5);
    const auto word = [&](std::size_t size) {
      std::string made;
      for (std::size_t i = 0; i < size; ++i) {
        made += alphabet[below(alphabet.size())];
      }
      return made;
    };
    std::vector<std::string> owned;
    for (std::size_t i = 0, n = 1 + below(64); i < n; ++i) {
      owned.push_back(word(4 + below(round % 2 == 0 ? 4 : 12)));
    }
    const std::vector<std::string_view> literals(owned.begin(), owned.end());
    const std::string text = word(below(300));
    const std::size_t from = below(text.size() + 2);
    for (const Simd level : levels) {
      const LiteralScan scan(literals, level);
      ASSERT_EQ(scan.find(text, from), naive_find(literals, text, from)) << "round " << round;
      const LiteralScan::Look look = scan.look(text);
      ASSERT_EQ(look.at, naive_find(literals, text, 0)) << "round " << round;
      if (look.at == LiteralScan::npos) {
        ASSERT_EQ(look.newlines, std::ranges::count(text, '\n')) << "round " << round;
      }
    }
  }
}

TEST(LiteralScan, FindsEveryPlaceInALongText) {
  const std::array<std::string_view, 5> literals{"Mem-Info", "Mem-info", "oom_reaper",
                                                 "ut of memory", "vmalloc"};
  std::minstd_rand random(5);
  std::string text;
  std::vector<std::size_t> planted;
  for (int i = 0; i < 400; ++i) {
    text.append(random() % 300, "e.tm"[random() % 4]);
    planted.push_back(text.size());
    text += literals[random() % literals.size()];
  }
  for (const Simd level : levels) {
    EXPECT_EQ(all_hits(LiteralScan(literals, level), text), planted);
  }
}

TEST(LiteralScan, HandlesEmptyInputs) {
  const std::array<std::string_view, 1> literals{"four"};
  for (const Simd level : levels) {
    const LiteralScan scan(literals, level);
    EXPECT_EQ(scan.find(""), LiteralScan::npos);
    EXPECT_EQ(scan.find("fou"), LiteralScan::npos);
    EXPECT_EQ(scan.find("four", 99), LiteralScan::npos);
    const LiteralScan none(std::span<const std::string_view>{}, level);
    EXPECT_EQ(none.find("four"), LiteralScan::npos);
  }
}

TEST(LiteralScan, UsesAllSixtyFourLiterals) {
  std::vector<std::string> owned;
  owned.reserve(64);
  for (int i = 0; i < 64; ++i) {
    owned.push_back("lit-" + std::to_string(1000 + i * 37));
  }
  const std::vector<std::string_view> literals(owned.begin(), owned.end());
  for (const Simd level : levels) {
    const LiteralScan scan(literals, level);
    for (const std::string& literal : owned) {
      const std::string text = std::string(50, 'l') + literal + std::string(50, '1');
      EXPECT_EQ(scan.find(text), 50U) << literal;
    }
  }
}

TEST(LiteralScan, CountsTheLinesThatItLooksThrough) {
  const std::array<std::string_view, 2> literals{"invoked oom-killer", "#1 Part"};
  std::minstd_rand random(3);
  for (std::size_t size = 0; size < 700; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
      text += "\n\n oom#1"[random() % 8];
    }
    for (const Simd level : levels) {
      const LiteralScan::Look look = LiteralScan(literals, level).look(text);
      ASSERT_EQ(look.at, LiteralScan::npos);
      ASSERT_EQ(look.newlines, std::ranges::count(text, '\n')) << size;
    }
  }
}

TEST(CountNewlines, AgreesWithANaiveCount) {
  std::minstd_rand random(11);
  for (std::size_t size = 0; size < 400; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
      text += "\n\x0b\x8a\x09 a"[random() % 6];
    }
    const auto expected = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    for (const Simd level : levels) {
      ASSERT_EQ(count_newlines(text, level), expected) << size;
    }
  }
  // More rounds than a byte counter holds.
  const std::string many(100'003, '\n');
  for (const Simd level : levels) {
    EXPECT_EQ(count_newlines(many, level), many.size());
  }
}

}  // namespace
}  // namespace whyoom::logtext
