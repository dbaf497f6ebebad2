#include "render/markdown_text.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/language.h"
#include "base/text.h"

namespace whyoom::render {
namespace {

constexpr std::string_view separators = " |`\\<>";  // none of them is within code

constexpr bool is_of_word(char c) { return is_letter(c) || c == '_' || (c & 0x80) != 0; }

bool has_word(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return to_lower(a) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

// ":skull:", ":100:", ":+1:"; not the line of "kern.log:7:".
bool is_emoji(std::string_view name) {
  return name == "100" || name == "1234" ||
         std::ranges::any_of(name, [](char c) { return is_of_word(c) || c == '+' || c == '-'; });
}

bool has_emoji(std::string_view run) {
  std::size_t from = run.find(':');
  while (from != std::string_view::npos) {
    const std::size_t to = run.find(':', from + 1);
    if (to != std::string_view::npos && is_emoji(run.substr(from + 1, to - from - 1))) {
      return true;
    }
    from = to;
  }
  return false;
}

// What becomes more than text: www.example.org, https://.., mailto:.., a@b.org, @name, #1, !1, $1,
// %1, ~label, &1, *iteration:1, [issue:1], GH-1 and emoji.
// A full-width mark behind a per cent sign makes no name of it.
bool is_punctuation(std::string_view text) {
  constexpr std::array marks = {"，", "。", "、", "；", "：", "？", "！", "（", "）", "《", "》"};
  return std::ranges::any_of(marks, [text](const char* mark) { return text.starts_with(mark); });
}

bool is_reference(std::string_view run) {
  constexpr std::string_view marks = "#!$%~&^*[";
  for (std::size_t i = 0; i + 1 < run.size(); ++i) {
    const char next = run[i + 1];
    const bool names = (is_of_word(next) && !is_punctuation(run.substr(i + 1))) || next == '"' ||
                       (is_digit(next) && run[i] != '[');
    if (names && marks.find(run[i]) != std::string_view::npos) {
      return true;
    }
  }
  return run.find('@') != std::string_view::npos || has_word(run, "www.") || has_word(run, "://") ||
         has_word(run, "mailto:") || has_word(run, "xmpp:") || has_word(run, "gh-") ||
         has_emoji(run);
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view marks = "\\*_[]#|~$";
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '@') {
      out += "&#64;";
    } else if (c == '`') {
      out += "&#96;";
    } else {
      out += marks.find(c) != std::string_view::npos ? "\\" : "";
      out += c;
    }
  }
}

// Without the brackets and the stops around it.
void append_code(std::string& out, std::string_view run) {
  const std::size_t begin = std::min(run.find_first_not_of("(\""), run.size());
  const std::size_t end = std::max(run.find_last_not_of(")\".,;:") + 1, begin);
  append_escaped(out, run.substr(0, begin));
  if (end > begin) {
    out.append("`").append(run.substr(begin, end - begin)).append("`");
  }
  append_escaped(out, run.substr(end));
}

}  // namespace

std::string markdown_text(std::string_view text) {
  const std::string shown = printable(text);
  std::string out;
  out.reserve(shown.size() + shown.size() / 4);
  for (std::string_view rest = shown; !rest.empty();) {
    const std::string_view run = rest.substr(0, rest.find_first_of(separators));
    if (is_reference(run)) {
      append_code(out, run);
    } else {
      append_escaped(out, run);
    }
    rest.remove_prefix(run.size());
    append_escaped(out, rest.substr(0, 1));
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  }
  return out;
}

namespace {

// Longer than any run of back quotes in a block of code.
std::string fence_of(const std::vector<std::string>& lines) {
  std::size_t longest = 2;
  for (const std::string& line : lines) {
    std::size_t run = 0;
    for (const char c : line) {
      run = c == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
  }
  return std::string(longest + 1, '`');
}

std::string capitalised(std::string_view text) {
  std::string out = markdown_text(text);
  if (!out.empty()) {
    out.front() = to_upper(out.front());
  }
  return out;
}

// Bars are for a terminal: the numbers stand beside them.
std::string table_text(const Table& table) {
  std::string out = "|";
  std::string rule = "|";
  for (const Column& column : table.columns) {
    if (!column.has_bars()) {
      out.append(" ").append(capitalised(column.head)).append(" |");
      rule += column.right ? "---:|" : "---|";
    }
  }
  out.append("\n").append(rule).append("\n");
  for (const auto& row : table.rows) {
    out += '|';
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (!table.columns[c].has_bars()) {
        out.append(" ").append(markdown_text(trim(row[c].text))).append(" |");
      }
    }
    out += '\n';
  }
  return out;
}

std::string block_text(const Block& block) {
  switch (block.kind) {
    case Block::Kind::heading:
      return block.label + " " + markdown_text(block.text) + "\n";
    case Block::Kind::sentence: {
      const std::string mark = block.paint == Paint::bold ? "**" : "";
      return (block.indent > 0 ? "- " : mark) + markdown_text(block.text) +
             (block.indent > 0 ? "" : mark) + "\n";
    }
    case Block::Kind::note:
      return "- " + (block.label == "-" ? "" : capitalised(block.label) + " ") +
             markdown_text(block.text) + "\n";
    case Block::Kind::table:
      return table_text(block.table);
    case Block::Kind::line: {
      return join(block.parts, tr(", "), markdown_text) + "\n";
    }
    case Block::Kind::code:
    case Block::Kind::blank:
    case Block::Kind::fold:
    case Block::Kind::unfold:
    case Block::Kind::quote:
    case Block::Kind::timeline:
    case Block::Kind::curve:
    case Block::Kind::tree:
      break;
  }
  return {};
}

bool is_item(const Block& block) {
  return block.kind == Block::Kind::note ||
         (block.kind == Block::Kind::sentence && block.indent > 0);
}

}  // namespace

std::string to_markdown(const Document& document) {
  std::string out;
  std::vector<std::string> code;
  const Block* before = nullptr;
  const auto end_block = [&out, &before] {
    out += out.empty() || out.ends_with("\n\n") ? "" : "\n";
    before = nullptr;
  };
  const auto end_code = [&] {
    if (!code.empty()) {
      end_block();
      const std::string fence = fence_of(code);
      out += fence + "sh\n";
      for (const std::string& line : std::exchange(code, {})) {
        out += line + "\n";
      }
      out += fence + "\n\n";
    }
  };
  for (const Block& block : document.blocks()) {
    if (block.kind == Block::Kind::code) {
      code.push_back(printable(block.text));
      continue;
    }
    end_code();
    if (before == nullptr || !is_item(*before) || !is_item(block)) {
      end_block();
    }
    out += block_text(block);
    before = block.kind == Block::Kind::blank ? nullptr : &block;
  }
  end_code();
  return out;
}

}  // namespace whyoom::render
