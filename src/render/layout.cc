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
  return (is_digit(word.back()) && (is_unit(next) || glyph_at(next, 0).columns == 2)) ||
         (is_digit(next.front()) && (word.ends_with("(pid") || word.ends_with("(order")));
}

// No line begins with these, and none ends with those.
constexpr std::u32string_view closing = U"，。、；：？！）》」』】〉％,.;:?!)]}%/";
constexpr std::u32string_view opening = U"（《「『【〈([{";

char32_t code_at(std::string_view text, std::size_t at, const Glyph& glyph) {
  return glyph.code == 0 ? static_cast<unsigned char>(text[at]) : glyph.code;
}

// How far a word goes before a line may be broken inside it: beside a wide character. All of a word
// without one.
std::size_t unbroken_bytes(std::string_view word) {
  if (std::ranges::none_of(word, [](char c) { return (c & 0x80) != 0; })) {
    return word.size();
  }
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
  const auto add = [&](std::string_view piece, std::size_t space) {
    std::size_t width = display_width(piece);
    if (used > 0 && used + space + width > room()) {
      end_line();
    }
    while (width > room()) {
      const std::size_t bytes = fitting_bytes(piece, room());
      line = piece.substr(0, bytes);
      piece.remove_prefix(bytes);
      width = display_width(piece);
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
    for (std::size_t space = 1; !word.empty(); space = 0) {
      const std::size_t bytes = unbroken_bytes(word);
      add(word.substr(0, bytes), space);
      word.remove_prefix(bytes);
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
std::string with_tabs(std::string_view text) {
  std::string out;
  for (std::size_t tab = text.find('\t'); tab != std::string_view::npos; tab = text.find('\t')) {
    out += printable(text.substr(0, tab)) + "\t";
    text.remove_prefix(tab + 1);
  }
  return out + printable(text);
}

// Text under construction.
class Canvas {
 public:
  explicit Canvas(const TextStyle& style)
      : width_(std::clamp(style.width, 60U, 200U)), colour_(style.colour) {}

  void add(const Block& block);
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  struct Fit {
    std::vector<std::size_t> widths;  // 0: no cell in this column
    bool hangs = false;               // the last column stands on lines of its own
  };
  void text(const Block& block);
  void note(const Block& block);
  void line(const Block& block);
  void table(const Block& block);
  void row(const Table& table, const std::vector<Cell>& cells, const Fit& fit, std::size_t indent);
  void verbatim(std::string_view text, Paint paint, std::size_t indent) {
    add_line(std::string(indent, ' ') + painted(text, paint));
  }
  void add_line(std::string line);
  [[nodiscard]] std::string painted(std::string_view text, Paint paint) const;
  [[nodiscard]] Table laid_out(const Table& table) const;
  static Fit fit(const Table& table, std::size_t available);

  std::size_t width_;
  bool colour_;
  std::string out_;
};

std::string Canvas::painted(std::string_view text, Paint paint) const {
  if (!colour_ || paint == Paint::plain || text.empty()) {
    return std::string(text);
  }
  return std::string(code_of(paint)).append(text).append("\x1b[0m");
}

void Canvas::add(const Block& block) {
  switch (block.kind) {
    case Block::Kind::heading:
    case Block::Kind::sentence:
      return text(block);
    case Block::Kind::note:
      return note(block);
    case Block::Kind::code:
      return verbatim(with_tabs(block.text), block.paint, block.indent);
    case Block::Kind::line:
      return line(block);
    case Block::Kind::table:
      return table(block);
    case Block::Kind::blank:
      out_ += '\n';
      return;
  }
}

void Canvas::text(const Block& block) {
  const std::size_t room = width_ - block.indent;
  const auto lines = wrap(printable(block.text), room, room - block.hang);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    add_line(std::string(block.indent + (i == 0 ? 0 : block.hang), ' ') +
             painted(lines[i], block.paint));
  }
}

void Canvas::note(const Block& block) {
  const std::string label = printable(block.label);
  // A full-width colon brings its own space.
  const std::string space(!label.empty() && (label.back() & 0x80) != 0 ? 0 : 1, ' ');
  const std::size_t hang = std::min(display_width(label) + space.size(), width_ / 2);
  const auto lines = wrap(printable(block.text), width_ - block.indent - hang);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string lead = i == 0 ? painted(label, block.paint) + space : std::string(hang, ' ');
    add_line(std::string(block.indent, ' ') + lead + lines[i]);
  }
}

void Canvas::line(const Block& block) {
  std::string whole;
  std::string line;  // the first one: as many parts as fit
  std::size_t next = 0;
  for (std::size_t i = 0; i < block.parts.size(); ++i) {
    whole += (i == 0 ? "" : "  ") + printable(block.parts[i]);
    if (i == 0 || display_width(whole) <= width_) {
      line = whole;
      next = i + 1;
    }
  }
  verbatim(line, block.paint, 0);
  for (; next < block.parts.size(); ++next) {
    text({Block::Kind::sentence,
          block.parts[next],
          {},
          block.paint,
          2,
          next + 1 < block.parts.size() ? 2U : 0U});
  }
}

void Canvas::add_line(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out_ += line;
  out_ += '\n';
}

// With its heads, where they are shown, and its bars.
Table Canvas::laid_out(const Table& table) const {
  Table out{table.columns};
  const std::size_t size = width_ < 72 ? 0 : width_ < 100 ? 1 : 2;
  if (table.titled) {
    std::vector<Cell> heads;
    for (const Column& column : table.columns) {
      const bool narrow = size == 0 && !column.narrow_head.empty();
      heads.push_back({narrow ? column.narrow_head : column.head, Paint::dim});
    }
    out.add(std::move(heads));
  }
  for (const auto& row : table.rows) {
    out.add(row);
  }
  for (auto& row : out.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const auto& bars = row[c].bar;
      row[c].text = bars ? bar(bars->filled, bars->mark, table.columns[c].bars[size])
                         : printable(row[c].text);
    }
  }
  return out;
}

Canvas::Fit Canvas::fit(const Table& table, std::size_t available) {
  Fit result;
  auto& widths = result.widths;
  const auto& columns = table.columns;
  widths.resize(columns.size(), 0);
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], display_width(row[c].text));
    }
  }
  const auto over = [&widths, available] {
    std::size_t total = 0;
    for (const std::size_t width : widths) {
      total += width == 0 ? 0 : width + gap;
    }
    return total > available + gap ? total - gap - available : 0;
  };
  const auto natural = widths;
  const auto shrink = [&] {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns[c].flexible) {
        widths[c] = natural[c];
        widths[c] -= std::min(over(), natural[c] - std::min(natural[c], columns[c].least));
      }
    }
  };
  shrink();
  for (std::size_t c = columns.size(); c-- > 0;) {
    if (over() > 0 && (columns[c].whole || columns[c].optional)) {
      result.hangs = result.hangs || columns[c].whole;
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

void Canvas::row(const Table& table, const std::vector<Cell>& cells, const Fit& fit,
                 std::size_t indent) {
  std::vector<std::vector<std::string>> pieces(cells.size());
  std::size_t height = 0;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (fit.widths[c] > 0) {
      pieces[c] = cell_lines(cells[c].text, fit.widths[c]);
      height = std::max(height, pieces[c].size());
    }
  }
  for (std::size_t i = 0; i < height; ++i) {
    std::string line(indent, ' ');
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (fit.widths[c] == 0) {
        continue;
      }
      const std::string_view piece =
          i < pieces[c].size() ? std::string_view(pieces[c][i]) : std::string_view();
      const std::string space(fit.widths[c] - std::min(fit.widths[c], display_width(piece)), ' ');
      const std::string text = painted(piece, cells[c].paint);
      line += table.columns[c].right ? space + text : text + space;
      line.append(gap, ' ');
    }
    add_line(std::move(line));
  }
  if (fit.hangs && !cells.back().text.empty()) {
    verbatim(cells.back().text, cells.back().paint, indent + 2);
  }
}

void Canvas::table(const Block& block) {
  const Table table = laid_out(block.table);
  const Fit shape = fit(table, width_ - block.indent);
  for (const auto& cells : table.rows) {
    row(table, cells, shape, block.indent);
  }
}

}  // namespace

std::string to_text(const Document& document, const TextStyle& style) {
  Canvas out(style);
  for (const Block& block : document.blocks()) {
    out.add(block);
  }
  return out.take();
}

}  // namespace whyoom::render
