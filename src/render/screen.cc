#include "render/screen.h"

#include <algorithm>

#include "base/text.h"
#include "render/layout.h"

namespace whyoom::render {
namespace {

constexpr std::string_view full_stop = "。";

}  // namespace

std::string first_sentences(const std::string& text, std::size_t count) {
  std::size_t end = 0;
  for (; count > 0 && end != std::string::npos; --count) {
    const std::size_t chinese = text.find(full_stop, end);
    end = std::min(text.find(". ", end + 1),
                   chinese == std::string::npos ? chinese : chinese + full_stop.size() - 1);
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
    // A line of Chinese ends between two characters.
    const bool no_space = i > 0 && text.starts_with(kept + lines[i]) &&
                          ((kept.back() & 0x80) != 0 || (lines[i].front() & 0x80) != 0);
    kept += (i == 0 || no_space ? "" : " ") + lines[i];
  }
  // A part of a sentence tells nobody anything.
  for (const std::string_view end : {". ", "; "}) {
    if (const std::size_t stop = kept.rfind(end); stop != std::string::npos) {
      return kept.substr(0, stop) + (text.ends_with('.') ? "." : "");
    }
  }
  // Room for the dots.
  const std::size_t blank = kept.rfind(' ');
  std::size_t end = blank == std::string::npos ? kept.size() : blank;
  const auto tail =
      std::string_view(kept).substr(kept.size() - std::min<std::size_t>(kept.size(), 12));
  if (std::ranges::any_of(tail, [](char c) { return (c & 0x80) != 0; })) {
    end = kept.size();
    for (std::size_t columns = 0; columns < 4 && end > 0;) {
      const std::size_t stop = end;
      do {
        --end;
      } while (end > 0 && (kept[end] & 0xc0) == 0x80);
      columns += display_width(std::string_view(kept).substr(end, stop - end));
    }
  }
  return kept.substr(0, end) + " ...";
}

std::size_t rows_of(std::string_view text, std::size_t width) {
  std::size_t rows = 0;
  while (!text.empty()) {
    const std::size_t wide = display_width(take_part(text, '\n'));
    rows += std::max<std::size_t>(1, (wide + width - 1) / width);
  }
  return rows;
}

}  // namespace whyoom::render
