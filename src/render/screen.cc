#include "render/screen.h"

#include <algorithm>

#include "render/layout.h"

namespace whyoom::render {

std::string first_sentences(const std::string& text, std::size_t count) {
  std::size_t end = 0;
  for (; count > 0 && end != std::string::npos; --count) {
    end = text.find(". ", end + 1);
  }
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

std::string clipped(const std::string& text, std::size_t columns, std::size_t most) {
  const auto lines = wrap(text, columns);
  if (lines.size() <= most) {
    return text;
  }
  std::string kept;
  for (std::size_t i = 0; i < most; ++i) {
    kept += (i == 0 ? "" : " ") + lines[i];
  }
  const std::size_t blank = kept.rfind(' ');  // room for the dots
  return kept.substr(0, blank == std::string::npos ? kept.size() : blank) + " ...";
}

std::size_t rows_of(std::string_view text, std::size_t width) {
  std::size_t rows = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t wide = display_width(text.substr(0, end));
    rows += std::max<std::size_t>(1, (wide + width - 1) / width);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rows;
}

}  // namespace whyoom::render
