// A short text in place, for records of which there are many: a process name has at most 15 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace whyoom::host {

class SmallText {
 public:
  SmallText() = default;
  // What is longer is cut.
  explicit SmallText(std::string_view text)
      : size_(static_cast<std::uint8_t>(std::min(text.size(), text_.size()))) {
    std::copy_n(text.begin(), size_, text_.begin());
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }
  friend bool operator==(const SmallText& a, const SmallText& b) { return a.view() == b.view(); }

 private:
  std::array<char, 15> text_{};
  std::uint8_t size_ = 0;
};

}  // namespace whyoom::host
