// How wide text is on a terminal, and where its lines may be broken.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "render/layout.h"

namespace whyoom::render {
namespace {

struct Range {
  char32_t first, last;
};

// Unicode's East Asian Width W and F, in blocks; new emoji inside a block need no change here.
constexpr std::array wide{Range{0x1100, 0x115f},   Range{0x2329, 0x232a},   Range{0x2e80, 0x303e},
                          Range{0x3041, 0xa4cf},   Range{0xa960, 0xa97c},   Range{0xac00, 0xd7a3},
                          Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
                          Range{0xffe0, 0xffe6},   Range{0x16fe0, 0x1b2ff}, Range{0x1f300, 0x1f64f},
                          Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1f9ff}, Range{0x1fa70, 0x1faff},
                          Range{0x20000, 0x3fffd}};
constexpr std::array zero_wide{Range{0x0300, 0x036f}, Range{0x0483, 0x0489}, Range{0x0591, 0x05bd},
                               Range{0x064b, 0x065f}, Range{0x200b, 0x200f}, Range{0x2060, 0x2064},
                               Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f},
                               Range{0xfeff, 0xfeff}};

template <std::size_t N>
constexpr bool in(const std::array<Range, N>& ranges, char32_t code) {
  return std::ranges::any_of(
      ranges, [code](Range range) { return code >= range.first && code <= range.last; });
}

struct Glyph {
  std::size_t bytes = 1;
  std::size_t columns = 1;
  char32_t code = 0;  // 0: ASCII
};

// The text is UTF-8 by contract; a stray byte counts as one column.
Glyph glyph_at(std::string_view text, std::size_t at) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  if (lead < 0x80) {
    return {};
  }
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (bytes == 1 || text.size() - at < bytes) {
    return {};
  }
  char32_t code = lead & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    code = (code << 6U) | (byte(at + i) & 0x3fU);
  }
  return {bytes, in(zero_wide, code) ? 0U : in(wide, code) ? 2U : 1U, code};
}

constexpr std::string_view break_behind = "-_,.:|";

// How many bytes of `word` fit into `width` columns, broken at a good place if there is one.
std::size_t fitting_bytes(std::string_view word, std::size_t width) {
  std::size_t columns = 0;
  std::size_t fits = 0;
  std::size_t slash = 0;  // a path is broken between folders if it can be
  std::size_t good = 0;
  while (fits < word.size()) {
    const Glyph glyph = glyph_at(word, fits);
    if (columns + glyph.columns > width && fits > 0) {
      break;
    }
    columns += glyph.columns;
    fits += glyph.bytes;
    if (word[fits - 1] == '/') {
      slash = fits;
    } else if (break_behind.find(word[fits - 1]) != std::string_view::npos) {
      good = fits;
    }
  }
  if (fits == word.size()) {
    return fits;
  }
  return slash > fits / 2 ? slash : good > fits / 2 ? good : fits;
}

bool is_unit(std::string_view word) {
  constexpr std::array<std::string_view, 9> units{"kB",  "KiB", "MiB", "GiB",  "TiB",
                                                  "PiB", "%",   "s",   "pages"};
  const std::size_t end = word.find_last_not_of(".,;:)");
  return end != std::string_view::npos &&
         std::ranges::find(units, word.substr(0, end + 1)) != units.end();
}

// What stays on one line: "787688 kB", "(pid 1)", a number and the Chinese word that counts.
bool belong_together(std::string_view word, std::string_view next) {
  return (is_digit(word.back()) &&
          (is_unit(next) || (is_digit(word.front()) && glyph_at(next, 0).columns == 2))) ||
         (is_digit(next.front()) && (word.ends_with("(pid") || word.ends_with("(order")));
}

// No line begins with these, and none ends with those.
constexpr std::u32string_view closing = U"，。、；：？！）》」』】〉％,.;:?!)]}%/";
constexpr std::u32string_view opening = U"（《「『【〈([{";

char32_t code_at(std::string_view text, std::size_t at, const Glyph& glyph) {
  return glyph.code == 0 ? static_cast<unsigned char>(text[at]) : glyph.code;
}

// How far a word goes before a line may be broken inside it: beside a wide character.
std::size_t unbroken_bytes(std::string_view word) {
  Glyph before = glyph_at(word, 0);
  char32_t last = code_at(word, 0, before);
  for (std::size_t at = before.bytes; at < word.size();) {
    const Glyph glyph = glyph_at(word, at);
    const char32_t code = code_at(word, at, glyph);
    const bool beside_wide = before.columns == 2 || glyph.columns == 2;
    if (beside_wide && glyph.columns > 0 && last != U' ' && code != U' ' &&
        closing.find(code) == std::u32string_view::npos &&
        opening.find(last) == std::u32string_view::npos) {
      return at;
    }
    before = glyph;
    last = code;
    at += glyph.bytes;
  }
  return word.size();
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const bool joins = !words.empty() && belong_together(words.back(), word) &&
                       words.back().data() + words.back().size() + 1 == word.data();
    if (joins) {
      words.back() = std::string_view(words.back().data(), words.back().size() + 1 + word.size());
    } else {
      words.push_back(word);
    }
    at = end;
  }
  return words;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Glyph glyph = glyph_at(text, at);
    columns += glyph.columns;
    at += glyph.bytes;
  }
  return columns;
}

std::vector<std::string> wrap(std::string_view text, std::size_t first, std::size_t rest) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t used = 0;
  const auto room = [&] { return std::max<std::size_t>(lines.empty() ? first : rest, 1); };
  const auto end_line = [&] {
    lines.push_back(std::move(line));
    line.clear();
    used = 0;
  };
  const auto add = [&](std::string_view piece, std::size_t space, std::size_t width) {
    if (used > 0 && used + space + width > room()) {
      end_line();
    }
    while (width > room()) {
      const std::size_t bytes = fitting_bytes(piece, room());
      line = piece.substr(0, bytes);
      piece.remove_prefix(bytes);
      width -= display_width(line);
      end_line();
    }
    if (piece.empty()) {
      return;
    }
    if (used > 0) {
      line.append(space, ' ');
      used += space;
    }
    line += piece;
    used += width;
  };
  for (std::string_view word : words_of(text)) {
    if (const std::size_t width = display_width(word); width == word.size()) {
      add(word, 1, width);  // ASCII: as many columns as bytes
      continue;
    }
    for (std::size_t space = 1; !word.empty(); space = 0) {
      const std::string_view piece = word.substr(0, unbroken_bytes(word));
      add(piece, space, display_width(piece));
      word.remove_prefix(piece.size());
    }
  }
  if (!line.empty() || lines.empty()) {
    end_line();
  }
  return lines;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  return wrap(text, width, width);
}

}  // namespace whyoom::render
