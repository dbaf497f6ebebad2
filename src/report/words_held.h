// Which of a few words a line can hold, found in one pass over the line: where a reader would look
// for each of them in turn, most lines hold none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace whyoom::report {

template <std::size_t N>
class WordsHeld {
  static_assert(N <= 32, "a bit for each word");

 public:
  // Words of two characters or more.
  constexpr explicit WordsHeld(const std::array<std::string_view, N>& words) {
    for (std::size_t i = 0; i < N; ++i) {
      const std::size_t at = rarest_pair(words[i]);
      first_[byte(words[i][at])] |= std::uint32_t{1} << i;
      second_[byte(words[i][at + 1])] |= std::uint32_t{1} << i;
    }
  }

  // Bit i: `text` may hold word i. Without it, it does not.
  [[nodiscard]] constexpr std::uint32_t in(std::string_view text) const {
    std::uint32_t held = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
      held |= first_[byte(text[i - 1])] & second_[byte(text[i])];
    }
    return held;
  }

 private:
  static constexpr unsigned byte(char c) { return static_cast<unsigned char>(c); }

  // How common a character is in kernel text.
  static constexpr int weight(char c) {
    constexpr std::string_view common = "aeiorstnl";
    return c == ' ' ? 9 : common.find(c) != common.npos ? 3 : c >= 'a' && c <= 'z' ? 2 : 1;
  }

  static constexpr std::size_t rarest_pair(std::string_view word) {
    std::size_t best = 0;
    for (std::size_t i = 0; i + 1 < word.size(); ++i) {
      if (weight(word[i]) + weight(word[i + 1]) < weight(word[best]) + weight(word[best + 1])) {
        best = i;
      }
    }
    return best;
  }

  // For each character the words of which it is the first, or the second, of the rarest pair.
  std::array<std::uint32_t, 256> first_{}, second_{};
};

}  // namespace whyoom::report
