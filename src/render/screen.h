// What fits on a screen: as much as there is room for, the most wanted first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace whyoom::render {

// The first `count` sentences of a text.
std::string first_sentences(const std::string& text, std::size_t count);
// At most `most` lines of a text; what is cut off ends in dots.
std::string clipped(const std::string& text, std::size_t columns, std::size_t most);
// Rows of the screen: a line that is wider than the terminal takes several.
std::size_t rows_of(std::string_view text, std::size_t width);

// How much is told: `least`, and each addition with which what `write` makes of it still fits.
template <class Depth, class Additions, class Write>
Depth deepest(Depth least, const Additions& additions, std::size_t most_rows, std::size_t width,
              const Write& write) {
  for (const auto& add : additions) {
    Depth more = least;
    add(more);
    if (rows_of(write(more), width) <= most_rows) {
      least = more;
    }
  }
  return least;
}

}  // namespace whyoom::render
