// How literals are shared out over the buckets of a LiteralScan so that other text seldom looks
// like one of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace whyoom::logtext {

struct Print {
  std::array<unsigned char, 4> bytes{};
  std::size_t offset = 0;  // in the literal
};

// The four neighbouring bytes of `literal` (at least 4 long) that are rarest in logs.
Print rarest_print(std::string_view literal);

// A bucket of 0..7 for each of at most 64 prints; alike prints share one.
std::array<std::uint8_t, 64> group_prints(std::span<const Print> prints);

}  // namespace whyoom::logtext
