#include "render/layout.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace whyoom::render {
namespace {

constexpr std::size_t gap = 2;        // between two columns of a table
constexpr std::size_t narrowest = 4;  // a column is not shrunk below this

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
    case Block::Kind::fold:
    case Block::Kind::unfold:
    case Block::Kind::quote:
    case Block::Kind::timeline:
    case Block::Kind::curve:
    case Block::Kind::tree:
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
