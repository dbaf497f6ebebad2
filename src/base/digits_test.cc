#include "base/digits.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace whyoom {
namespace {

Digits read(std::string_view text) { return read_digits(text.data(), text.data() + text.size()); }

std::size_t blanks(std::string_view text) {
  return static_cast<std::size_t>(skip_blanks(text.data(), text.data() + text.size()) -
                                  text.data());
}

TEST(Digits, AreReadUpToTheFirstOtherCharacter) {
  for (const std::string_view behind :
       {"", " ", " 7", ".", ".123456] ", "kB 1 2 3 4", "\x7f", "/:"}) {
    std::string digits;
    std::uint64_t value = 0;
    for (std::size_t count = 0; count <= most_digits; ++count) {
      const std::string text = digits + std::string(behind);
      EXPECT_EQ(read(text).count, count) << text;
      EXPECT_EQ(read(text).value, value) << text;
      const auto digit = static_cast<char>('0' + (count * 7 + 9) % 10);
      digits += digit;
      value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
  }
}

// Each byte at each place of the eight that are looked at together.
TEST(Digits, EndAtEachOtherByte) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool digit = byte >= '0' && byte <= '9';
    for (std::size_t at = 0; at < 9; ++at) {
      std::string text = "123456789876";
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(read(text).count, digit ? text.size() : at) << byte;
    }
  }
}

TEST(Digits, AreNeverMoreThanFit) {
  EXPECT_EQ(read(std::string(30, '9')).count, most_digits);
  EXPECT_EQ(read(std::string(30, '9')).value, 999999999999999999U);
}

TEST(Digits, BlanksAreSkippedToTheirEnd) {
  for (std::size_t count = 0; count < 20; ++count) {
    const std::string before(count, ' ');
    EXPECT_EQ(blanks(before), count);
    for (const char next : {'1', '\t', '\x80', '!', '\x1f', '-'}) {
      EXPECT_EQ(blanks(before + next), count);
      EXPECT_EQ(blanks(before + next + "        "), count);
    }
  }
}

}  // namespace
}  // namespace whyoom
