// A document as text for a terminal: display width, word wrap, tables, bars, colour. Widths are
// columns, not bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "render/document.h"

namespace whyoom::render {

struct TextStyle {
  unsigned width = 80;  // 60 to 200
  bool colour = false;
  bool all = false;  // also what was ruled out, and why
};

// Columns that UTF-8 text takes: 2 for East Asian wide characters, 0 for combining marks.
std::size_t display_width(std::string_view text);

// Lines of at most `first` (the first one) and `rest` columns. Breaks at spaces, but not between a
// number and its unit, and beside a wide character (Chinese has no spaces), but so that no line
// begins with closing punctuation or ends with an opening bracket. A word that is too long is
// broken behind / - _ , . : | or anywhere.
std::vector<std::string> wrap(std::string_view text, std::size_t first, std::size_t rest);
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// "[=====|===    ]": `filled` of `cells` is '=', `mark` is '|'. Both are shares of the whole, 0..1.
std::string bar(double filled, std::optional<double> mark, std::size_t cells);

// What fits a terminal, printable() but for its tabs.
std::string to_text(const Document& document, const TextStyle& style);

}  // namespace whyoom::render
