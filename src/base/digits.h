// Numbers in rows of them, eight characters at a time: a task table has millions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace whyoom {

struct Digits {
  std::uint64_t value = 0;
  std::size_t count = 0;
};

// So many always fit; behind them a further digit stays unread.
inline constexpr std::size_t most_digits = 18;

namespace digits {

constexpr std::size_t step = 8;
constexpr std::uint64_t all(unsigned byte) { return ~std::uint64_t{0} / 0xff * byte; }

// The first character is the lowest byte.
inline std::uint64_t eight(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, step);
  if constexpr (std::endian::native == std::endian::big) {
    word = __builtin_bswap64(word);
  }
  return word;
}

// How many bytes of `marks`, from the lowest on, are zero.
inline std::size_t bytes_before(std::uint64_t marks) {
  return static_cast<std::size_t>(std::countr_zero(marks)) / step;
}

// The value of eight digits, the highest in the lowest byte; a zero byte counts as '0'.
constexpr std::uint64_t value_of(std::uint64_t word) {
  word &= all(0xf);
  word = (word * 10 + (word >> 8U)) & 0x00ff00ff00ff00ff;
  word = (word * 100 + (word >> 16U)) & 0x0000ffff0000ffff;
  return (word * 10000 + (word >> 32U)) & 0xffffffff;
}

}  // namespace digits

// Behind the blanks at its start.
inline const char* skip_blanks(const char* at, const char* end) {
  while (static_cast<std::size_t>(end - at) >= digits::step) {
    const std::uint64_t others = digits::eight(at) ^ digits::all(' ');
    if (others != 0) {
      return at + digits::bytes_before(others);
    }
    at += digits::step;
  }
  while (at != end && *at == ' ') {
    ++at;
  }
  return at;
}

// The digits that it begins with.
inline Digits read_digits(const char* at, const char* end) {
  Digits read;
  if (static_cast<std::size_t>(end - at) >= digits::step) {
    const std::uint64_t word = digits::eight(at);
    // The highest bit of a byte is set where it is no digit, and maybe of those behind it.
    const std::uint64_t others =
        ((word + digits::all(0x80 - '9' - 1)) | (word - digits::all('0'))) & digits::all(0x80);
    if (others != 0) {
      read.count = digits::bytes_before(others);
      read.value = read.count == 0 ? 0 : digits::value_of(word << 8 * (digits::step - read.count));
      return read;
    }
    read = {digits::value_of(word), digits::step};
  }
  for (const char* next = at + read.count;
       next != end && read.count < most_digits && *next >= '0' && *next <= '9'; ++next) {
    read.value = read.value * 10 + static_cast<std::uint64_t>(*next - '0');
    ++read.count;
  }
  return read;
}

}  // namespace whyoom
