#include "render/layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/text.h"

namespace whyoom::render {
namespace {

constexpr std::size_t gap = 2;        // between two columns of a table
constexpr std::size_t narrowest = 4;  // a column is not shrunk below this

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
  return {bytes, in(zero_wide, code) ? 0U : in(wide, code) ? 2U : 1U};
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

// What stays on one line: "787688 kB", "(pid 1)".
bool belong_together(std::string_view word, std::string_view next) {
  return (is_digit(word.back()) && is_unit(next)) ||
         (is_digit(next.front()) && (word.ends_with("(pid") || word.ends_with("(order")));
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

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::plain:
      return "";
    case Paint::bold:
      return "\x1b[1m";
    case Paint::dim:
      return "\x1b[2m";
    case Paint::red:
      return "\x1b[31m";
    case Paint::green:
      return "\x1b[32m";
    case Paint::yellow:
      return "\x1b[33m";
  }
  return "";
}

std::size_t clamped_cells(double share, std::size_t cells) {
  const double value = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0;
  return static_cast<std::size_t>(std::floor(value * static_cast<double>(cells)));
}

// A cell that fits is left as it is: the spaces inside a bar count. Others keep their indent.
std::vector<std::string> cell_lines(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) {
    return {std::string(text)};
  }
  const std::size_t start = std::min(text.find_first_not_of(' '), text.size());
  const std::size_t indent = std::min(start, width / 2);
  auto lines = wrap(text, width - indent);
  for (std::string& line : lines) {
    line.insert(0, indent, ' ');
  }
  return lines;
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
  for (std::string_view word : words_of(text)) {
    std::size_t width = display_width(word);
    if (used > 0 && used + 1 + width > room()) {
      end_line();
    }
    while (width > room()) {
      const std::size_t bytes = fitting_bytes(word, room());
      line = word.substr(0, bytes);
      word.remove_prefix(bytes);
      width = display_width(word);
      end_line();
    }
    if (word.empty()) {
      continue;
    }
    if (used > 0) {
      line += ' ';
      ++used;
    }
    line += word;
    used += width;
  }
  if (!line.empty() || lines.empty()) {
    end_line();
  }
  return lines;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  return wrap(text, width, width);
}

std::string bar(double filled, std::optional<double> mark, std::size_t cells) {
  std::string inside(cells, ' ');
  const std::size_t full = clamped_cells(filled, cells);
  std::fill_n(inside.begin(), full, '=');
  if (mark && cells > 0) {
    std::size_t at = std::min(clamped_cells(*mark, cells), cells - 1);
    // Rounding must not turn "below the mark" into "above it", nor the other way round.
    if (filled <= *mark) {
      at = std::max(at, std::min(full, cells - 1));
    } else if (full > 0) {
      at = std::min(at, full - 1);
    }
    inside[at] = '|';
  }
  return "[" + inside + "]";
}

namespace {

// Files have tabs, and they do no harm.
std::string shown(std::string_view text) {
  std::string out;
  for (std::size_t tab = text.find('\t'); tab != std::string_view::npos; tab = text.find('\t')) {
    out += printable(text.substr(0, tab)) + "\t";
    text.remove_prefix(tab + 1);
  }
  return out + printable(text);
}

}  // namespace

Canvas::Canvas(unsigned width, bool colour)
    : width_(std::clamp(width, 60U, 200U)), colour_(colour) {}

std::string Canvas::painted(std::string_view text, Paint paint) const {
  if (!colour_ || paint == Paint::plain || text.empty()) {
    return std::string(text);
  }
  return std::string(code_of(paint)).append(text).append("\x1b[0m");
}

void Canvas::text(std::string_view text, Paint paint, std::size_t indent, std::size_t hang) {
  const auto lines = wrap(shown(text), width_ - indent, width_ - indent - hang);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    add_line(std::string(indent + (i == 0 ? 0 : hang), ' ') + painted(lines[i], paint));
  }
}

void Canvas::labelled(std::string_view name, Paint paint, std::string_view text,
                      std::size_t indent) {
  const std::string label = shown(name);
  const std::size_t hang = std::min(display_width(label) + 1, width_ / 2);
  const auto lines = wrap(shown(text), width_ - indent - hang);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string lead = i == 0 ? painted(label, paint) + " " : std::string(hang, ' ');
    add_line(std::string(indent, ' ') + lead + lines[i]);
  }
}

void Canvas::verbatim(std::string_view text, Paint paint, std::size_t indent) {
  add_line(std::string(indent, ' ') + painted(shown(text), paint));
}

void Canvas::blank() { out_ += '\n'; }

void Canvas::add_line(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out_ += line;
  out_ += '\n';
}

void Table::add(std::vector<Cell> row) {
  row.resize(columns_.size());
  for (Cell& cell : row) {
    cell.text = shown(cell.text);
  }
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::natural_widths() const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], display_width(row[c].text));
    }
  }
  return widths;
}

Table::Fit Table::fit(std::size_t available) const {
  Fit result{natural_widths(), false};
  auto& widths = result.widths;
  const auto over = [&widths, available] {
    std::size_t total = 0;
    for (const std::size_t width : widths) {
      total += width == 0 ? 0 : width + gap;
    }
    return total > available + gap ? total - gap - available : 0;
  };
  const auto natural = widths;
  const auto shrink = [&] {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].flexible) {
        widths[c] = natural[c];
        widths[c] -= std::min(over(), natural[c] - std::min(natural[c], columns_[c].least));
      }
    }
  };
  shrink();
  for (std::size_t c = columns_.size(); c-- > 0;) {
    if (over() > 0 && columns_[c].whole) {
      result.hangs = true;
      widths[c] = 0;
      shrink();
    } else if (over() > 0 && columns_[c].optional) {
      widths[c] = 0;
      shrink();
    }
  }
  while (over() > 0) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= narrowest) {
      break;
    }
    // Level the widest with the next one, so that no single column pays for all.
    std::size_t next = narrowest;
    for (const std::size_t width : widths) {
      next = width < *widest ? std::max(next, width) : next;
    }
    *widest -= std::max<std::size_t>(std::min(over(), *widest - next), 1);
  }
  return result;
}

void Table::write_row(Canvas& out, const std::vector<Cell>& row, const Fit& fit,
                      std::size_t indent) const {
  std::vector<std::vector<std::string>> pieces(row.size());
  std::size_t height = 0;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (fit.widths[c] > 0) {
      pieces[c] = cell_lines(row[c].text, fit.widths[c]);
      height = std::max(height, pieces[c].size());
    }
  }
  for (std::size_t i = 0; i < height; ++i) {
    std::string line(indent, ' ');
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (fit.widths[c] == 0) {
        continue;
      }
      const std::string_view piece =
          i < pieces[c].size() ? std::string_view(pieces[c][i]) : std::string_view();
      const std::string space(fit.widths[c] - std::min(fit.widths[c], display_width(piece)), ' ');
      const std::string shown = out.painted(piece, row[c].paint);
      line += columns_[c].right ? space + shown : shown + space;
      line.append(gap, ' ');
    }
    out.add_line(std::move(line));
  }
  if (fit.hangs && !row.back().text.empty()) {
    out.verbatim(row.back().text, row.back().paint, indent + 2);
  }
}

void Table::write(Canvas& out, std::size_t indent) const {
  const Fit shape = fit(out.width() - indent);
  for (const auto& row : rows_) {
    write_row(out, row, shape, indent);
  }
}

}  // namespace whyoom::render
