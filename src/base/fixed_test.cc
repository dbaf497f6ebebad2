#include "base/fixed.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>

namespace whyoom {
namespace {

TEST(ParseFixed, DigitsWithAPoint) {
  EXPECT_EQ(parse_fixed("0.53"), 0.53);
  EXPECT_EQ(parse_fixed("100"), 100);
  EXPECT_EQ(parse_fixed("5."), 5);
  EXPECT_EQ(parse_fixed(".5"), 0.5);
}

TEST(ParseFixed, NothingElse) {
  for (const char* text :
       {"", ".", "1.2.3", "-1", "+1", "1e3", "inf", "nan", "0x1", " 1", "1 ", "1,5"}) {
    EXPECT_FALSE(parse_fixed(text)) << text;
  }
  EXPECT_FALSE(parse_fixed(std::string(400, '9')));
}

TEST(FixedText, RoundsToTheNearest) {
  EXPECT_EQ(fixed_text(6.85, 3), "6.850");
  EXPECT_EQ(fixed_text(-0.125, 2), "-0.12");
  EXPECT_EQ(fixed_text(1e20, 0), "100000000000000000000");
}

TEST(FixedText, IsWhatPrintfMakes) {
  std::mt19937_64 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same numbers each time
  std::array<char, 400> buffer;
  const auto same = [&buffer](double value) {
    for (int decimals = 0; decimals <= 4; ++decimals) {
      std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
      ASSERT_EQ(fixed_text(value, decimals), buffer.data()) << std::bit_cast<std::uint64_t>(value);
    }
  };
  for (const double value : {0.0, -0.0, 0.5, 1.5, 2.5, -2.5, 0.05, 0.125, 0.375, 99.995, 1023.95,
                             4503599627370495.5, 9007199254740992.0, 5e-324, 1e300, -1e-9}) {
    same(value);
  }
  for (int i = 0; i < 20000; ++i) {
    same(std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 90)));
    same(static_cast<double>(random() % 100000) / 16);  // halves of the last decimal among them
  }
}

std::string text(double value) {
  std::string out = ">";
  append_shortest(out, value);
  return out.substr(1);
}

TEST(AppendShortest, TheFewestDigits) {
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(6.580963), "6.580963");
  EXPECT_EQ(text(-1500), "-1500");
  EXPECT_EQ(text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(text(0.0001), "0.0001");
  EXPECT_EQ(text(0.00005), "5e-05");
  EXPECT_EQ(text(1e15), "1e+15");
  EXPECT_EQ(text(1.25e300), "1.25e+300");
  EXPECT_EQ(text(123456789012345.5), "123456789012345.5");
  EXPECT_EQ(text(5e-324), "5e-324");
  EXPECT_EQ(text(-0.5), "-0.5");
  EXPECT_EQ(text(0.000101), "0.000101");
  EXPECT_EQ(text(999999999.999999), "999999999.999999");
  EXPECT_EQ(text(1000000000.000001), "1000000000.000001");
}

std::string by_the_library(double value) {
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e15);
  std::array<char, 64> to;
  const auto end = std::to_chars(to.data(), to.data() + to.size(), value,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  return {to.data(), end.ptr};
}

TEST(AppendShortest, AsTheLibraryWritesThem) {
  std::mt19937_64 random(20261129);
  for (int i = 0; i < 100000; ++i) {
    const auto any = std::bit_cast<double>(random());
    if (std::isfinite(any)) {
      ASSERT_EQ(text(any), by_the_library(any));
    }
    const double near = static_cast<double>(random() >> (11 + random() % 50)) /
                        std::pow(10.0, static_cast<double>(random() % 12));
    ASSERT_EQ(text(near), by_the_library(near));
  }
}

}  // namespace
}  // namespace whyoom
