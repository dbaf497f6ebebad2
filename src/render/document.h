// What a command tells people, before it has a form: headings, sentences, notes, tables with bars,
// code. layout.h makes text for a terminal of it, markdown_text.h makes Markdown, html.h a part of
// a page. What only a page has (parts that fold, links, a line of time, a tree) the other two leave
// out. Nothing in it has to be printable() yet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace whyoom::render {

enum class Paint : std::uint8_t { plain, bold, dim, red, green, yellow };

// Shares of the whole, 0..1.
struct Bar {
  double filled = 0;
  std::optional<double> mark;
  // On a page: the part of `filled` that is of no use, and marks above the first.
  double useless = 0;
  std::vector<double> ticks{};
};

struct Cell {
  std::string text;
  Paint paint = Paint::plain;
  std::optional<Bar> bar{};  // instead of text, where there is room for it
  std::string link{};        // the id of a quoted line
};

// What gives way in a table that is too wide, in this order: the flexible column down to its least
// width, a whole one, an optional one, then the widest.
struct Column {
  std::string head{};
  std::string narrow_head{};  // of short bars, when it is another one
  bool right = false;         // aligned to the right
  bool flexible = false;      // its cells are wrapped
  bool whole = false;         // last column only: never broken, moves to a line of its own
  bool optional = false;      // left out
  std::size_t least = 20;     // of a flexible column
  // Of a column of bars: their length below 72 columns of the terminal, below 100, and from there
  // on.
  std::array<std::uint8_t, 3> bars{};
  [[nodiscard]] bool has_bars() const { return bars[0] > 0; }
};

struct Table {
  std::vector<Column> columns;
  bool titled = false;  // the heads are shown where a table can do without
  std::vector<std::vector<Cell>> rows{};
  // On a page: a column can be chosen to sort by; or one row after the other with a slider, and
  // which one is chosen first.
  bool sortable = false;
  std::optional<std::size_t> slider{};

  void add(std::vector<Cell> row) {
    row.resize(columns.size());
    rows.push_back(std::move(row));
  }
};

// Something on a line of time, which is 1 long.
struct Moment {
  double at = 0;
  Paint paint = Paint::plain;
  bool chief = false;  // what all this is about
  std::string words;
};
struct Timeline {
  std::vector<Moment> moments;
  std::string words, from, to;  // all of it in a sentence; its ends
};

// What there was of memory at a time, as shares of all; each holds until the next one.
struct CurvePoint {
  double at = 0;  // of a line that is 1 long
  double available = 0, free = 0, out_of_reach = 0;
};
struct Curve {
  std::vector<CurvePoint> points;
  std::string words, from, to;  // all of it in a sentence; its ends
};

// A part of a tree that stands below the last one before it of a lesser depth.
struct Branch {
  std::size_t depth = 0;
  std::string name;
  std::optional<Bar> bar{};
  std::string size{};
  std::vector<Cell> notes{};
};

// Indents are columns of a terminal. A sentence with one belongs to what stands above it.
struct Block {
  enum class Kind : std::uint8_t {
    heading,
    sentence,
    note,
    code,
    line,
    table,
    blank,
    fold,  // until the next unfold; its title is the text
    unfold,
    quote,  // a line of a log; its id is the label
    timeline,
    curve,
    tree
  };
  Kind kind = Kind::blank;
  std::string text{}, label{};  // of a heading the label is how deep it is: "#", "##", ..
  Paint paint = Paint::plain;
  std::size_t indent = 0, hang = 0;
  std::vector<std::string> parts{};
  Table table{};
  Timeline timeline{};
  Curve curve{};
  std::vector<Branch> tree{};
};

class Document {
 public:
  void heading(std::string text, std::string depth = "##") {
    blocks_.push_back({Block::Kind::heading, std::move(text), std::move(depth), Paint::bold, 0, 2});
  }
  // Lines behind the first are indented by `hang` more.
  void text(std::string text, Paint paint = Paint::plain, std::size_t indent = 0,
            std::size_t hang = 0) {
    blocks_.push_back({Block::Kind::sentence, std::move(text), {}, paint, indent, hang});
  }
  // Behind a painted label: "risk:", "not read:", "-".
  void labelled(std::string label, Paint paint, std::string text, std::size_t indent = 0) {
    blocks_.push_back({Block::Kind::note, std::move(text), std::move(label), paint, indent});
  }
  // One line as it is, however long: commands are copied from the screen.
  void code(std::string line, Paint paint = Paint::green, std::size_t indent = 4) {
    blocks_.push_back({Block::Kind::code, std::move(line), {}, paint, indent});
  }
  // One line if all parts fit; the first stays whole, so that it can be opened from a terminal.
  void line(std::vector<std::string> parts, Paint paint) {
    blocks_.push_back({Block::Kind::line, {}, {}, paint, 0, 0, std::move(parts)});
  }
  void table(Table table, std::size_t indent = 2) {
    if (!table.rows.empty()) {
      blocks_.push_back({Block::Kind::table, {}, {}, {}, indent, 0, {}, std::move(table)});
    }
  }
  // What only a page shows.
  void fold(std::string title) { blocks_.push_back({Block::Kind::fold, std::move(title)}); }
  void unfold() { blocks_.push_back({Block::Kind::unfold}); }
  void quote(std::string line, std::string id) {
    blocks_.push_back({Block::Kind::quote, std::move(line), std::move(id)});
  }
  void timeline(Timeline timeline) {
    Block block{Block::Kind::timeline};
    block.timeline = std::move(timeline);
    blocks_.push_back(std::move(block));
  }
  void curve(Curve curve) {
    Block block{Block::Kind::curve};
    block.curve = std::move(curve);
    blocks_.push_back(std::move(block));
  }
  void tree(std::vector<Branch> branches) {
    Block block{Block::Kind::tree};
    block.tree = std::move(branches);
    blocks_.push_back(std::move(block));
  }
  // Between two things that do not belong together; one, where what would be between is empty.
  void blank() {
    if (blocks_.empty() || blocks_.back().kind != Block::Kind::blank) {
      blocks_.emplace_back();
    }
  }
  // A heading below an empty line.
  void section(std::string title) {
    blank();
    heading(std::move(title), "###");
  }

  void append(const Document& other) {
    blocks_.insert(blocks_.end(), other.blocks_.begin(), other.blocks_.end());
  }

  [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

 private:
  std::vector<Block> blocks_;
};

}  // namespace whyoom::render
