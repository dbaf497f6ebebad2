// A sentence made in place: it allocates nothing, and what does not fit is cut off.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace whyoom::record {

template <std::size_t room>
class FixedText {
 public:
  FixedText& operator<<(std::string_view text) {
    const std::size_t size = std::min(text.size(), room - used_);
    std::copy_n(text.begin(), size, text_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += size;
    return *this;
  }
  FixedText& operator<<(std::uint64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), used_}; }
  void clear() { used_ = 0; }

 private:
  std::array<char, room> text_{};
  std::size_t used_ = 0;
};

}  // namespace whyoom::record
