#include "render/markdown_read.h"

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace whyoom::render {

namespace {

constexpr std::string_view fence = "```";

std::string_view without_trailing(std::string_view text, char c) {
  while (text.ends_with(c)) {
    text.remove_suffix(1);
  }
  return text;
}

// "[text](target)" at the start: the text, with the target where that is an address; and what
// follows.
bool take_link(std::string_view& rest, std::string& out) {
  const std::size_t middle = rest.find("](");
  const std::size_t end = rest.find(')', middle);
  if (!rest.starts_with('[') || middle == std::string_view::npos || end == std::string_view::npos ||
      rest.substr(1, middle - 1).find('[') != rest.npos) {
    return false;
  }
  const std::string_view target = rest.substr(middle + 2, end - middle - 2);
  out += rest.substr(1, middle - 1);
  if (target.starts_with("http")) {
    out += " (" + std::string(target) + ")";
  }
  rest.remove_prefix(end + 1);
  return true;
}

// Backticks stay: the program quotes commands so everywhere.
std::string inline_text(std::string_view rest) {
  std::string out;
  bool code = false;
  while (!rest.empty()) {
    if (rest.front() == '`') {
      code = !code;
    } else if (!code && take_link(rest, out)) {
      continue;
    } else if (!code && rest.starts_with("**")) {
      rest.remove_prefix(2);
      continue;
    } else if (!code && rest.front() == '\\' && rest.size() > 1) {
      rest.remove_prefix(1);
    }
    out += rest.front();
    rest.remove_prefix(1);
  }
  return out;
}

// "- " or "12. ": how long the mark is; 0 for none.
std::size_t mark_size(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ")) {
    return 2;
  }
  std::size_t digits = 0;
  while (digits < line.size() && is_digit(line[digits])) {
    ++digits;
  }
  return digits > 0 && line.substr(digits).starts_with(". ") ? digits + 2 : 0;
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  line = trim(line);
  line.remove_prefix(line.starts_with('|') ? 1 : 0);
  line = without_trailing(line, '|');
  std::string cell;
  bool code = false;
  for (const char c : line) {
    code = c == '`' ? !code : code;
    if (c == '|' && !code) {
      cells.push_back(inline_text(trim(cell)));
      cell.clear();
    } else {
      cell += c;
    }
  }
  cells.push_back(inline_text(trim(cell)));
  return cells;
}

bool is_rule_of_table(std::string_view line) {
  return line.starts_with('|') && line.find_first_not_of("|-: ") == std::string_view::npos;
}

class Reader {
 public:
  Document read(std::string_view text) {
    while (!text.empty()) {
      line(take_part(text, '\n'));
    }
    flush();
    return std::move(out_);
  }

 private:
  void line(std::string_view text) {
    const std::string_view bare = trim(text);
    const std::size_t indent = text.size() - trim_left(text).size();
    if (bare.starts_with(fence)) {
      flush();
      in_code_ = !in_code_;
    } else if (in_code_) {
      out_.code(std::string(text));
    } else if (bare.empty()) {
      flush();
      begin_block_ = true;
    } else if (bare.starts_with("<!--")) {
      flush();
    } else if (bare.starts_with('#')) {
      heading(bare);
    } else if (bare.starts_with('|')) {
      table_line(bare);
    } else if (const std::size_t mark = mark_size(bare); mark > 0) {
      flush();
      space();
      indent_ = indent;
      label_ = bare.substr(0, mark - 1);
      paragraph_ = bare.substr(mark);
    } else if (indent >= 4 && paragraph_.empty()) {
      space();
      out_.code(std::string(text.substr(4)));
    } else {
      if (paragraph_.empty()) {
        space();
      }
      paragraph_ += (paragraph_.empty() ? "" : " ") + std::string(bare);
    }
  }

  // One empty line before a block, where the source has some.
  void space() {
    if (begin_block_ && !out_.blocks().empty()) {
      out_.blank();
    }
    begin_block_ = false;
  }

  void heading(std::string_view text) {
    flush();
    const std::size_t depth = text.find_first_not_of('#');
    space();
    out_.heading(inline_text(trim(text.substr(std::min(depth, text.size())))),
                 std::string(std::min<std::size_t>(depth, 6), '#'));
  }

  void table_line(std::string_view text) {
    if (table_.columns.empty()) {
      flush();
      table_.titled = true;
      for (std::string& head : cells_of(text)) {
        Column column;
        column.head = std::move(head);
        table_.columns.push_back(std::move(column));
      }
      table_.columns.back().flexible = true;
    } else if (!is_rule_of_table(text)) {
      std::vector<Cell> row;
      for (std::string& cell : cells_of(text)) {
        row.push_back({std::move(cell)});
      }
      table_.add(std::move(row));
    }
  }

  void flush() {
    if (!table_.columns.empty()) {
      space();
      out_.table(std::exchange(table_, {}));
    }
    if (!paragraph_.empty() || !label_.empty()) {
      const std::string text = inline_text(paragraph_);
      if (label_.empty()) {
        out_.text(text);
      } else {
        out_.labelled(label_, Paint::plain, text, indent_);
      }
    }
    paragraph_.clear();
    label_.clear();
  }

  Document out_;
  Table table_;
  std::string paragraph_, label_;
  std::size_t indent_ = 0;
  bool in_code_ = false;
  bool begin_block_ = false;
};

}  // namespace

Document read_markdown(std::string_view text) { return Reader().read(text); }

}  // namespace whyoom::render
