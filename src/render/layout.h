// Lines that fit a terminal: display width, word wrap, tables, bars, colour. A Canvas and a Table
// make all text printable() but for its tabs; widths are columns of a terminal, not bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace whyoom::render {

enum class Paint : std::uint8_t { plain, bold, dim, red, green, yellow };

// Columns that UTF-8 text takes: 2 for East Asian wide characters, 0 for combining marks.
std::size_t display_width(std::string_view text);

// Lines of at most `first` (the first one) and `rest` columns. Breaks at spaces, but not between a
// number and its unit; a word that is too long is broken behind / - _ , . : | or anywhere.
std::vector<std::string> wrap(std::string_view text, std::size_t first, std::size_t rest);
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// "[=====|===    ]": `filled` of `cells` is '=', `mark` is '|'. Both are shares of the whole, 0..1.
std::string bar(double filled, std::optional<double> mark, std::size_t cells);

// Text under construction.
class Canvas {
 public:
  Canvas(unsigned width, bool colour);

  [[nodiscard]] std::size_t width() const { return width_; }

  // Wrapped at the width; lines behind the first are indented by `hang` more.
  void text(std::string_view text, Paint paint = Paint::plain, std::size_t indent = 0,
            std::size_t hang = 0);
  // The same behind a painted label on the first line.
  void labelled(std::string_view label, Paint paint, std::string_view text, std::size_t indent);
  // One line as it is, however long: commands are copied from the screen.
  void verbatim(std::string_view text, Paint paint = Paint::plain, std::size_t indent = 0);
  void blank();

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  friend class Table;
  void add_line(std::string line);
  [[nodiscard]] std::string painted(std::string_view text, Paint paint) const;

  std::size_t width_;
  bool colour_;
  std::string out_;
};

struct Cell {
  std::string text;
  Paint paint = Paint::plain;
};

// What gives way in a table that is too wide, in this order: the flexible column down to its least
// width, a whole one, an optional one, then the widest.
struct Column {
  bool right = false;      // aligned to the right
  bool flexible = false;   // its cells are wrapped
  bool whole = false;      // last column only: never broken, moves to a line of its own
  bool optional = false;   // left out
  std::size_t least = 20;  // of a flexible column
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  void write(Canvas& out, std::size_t indent = 2) const;

 private:
  struct Fit {
    std::vector<std::size_t> widths;  // 0: no cell in this column
    bool hangs = false;               // the last column stands on lines of its own
  };
  [[nodiscard]] Fit fit(std::size_t available) const;
  [[nodiscard]] std::vector<std::size_t> natural_widths() const;
  void write_row(Canvas& out, const std::vector<Cell>& row, const Fit& fit,
                 std::size_t indent) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace whyoom::render
