#include "render/markdown_text.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::render {
namespace {

constexpr std::string_view separators = " |`\\<>";  // none of them is within code

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool has_word(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

// ":skull:", ":100:", ":+1:"; not the line of "kern.log:7:".
bool is_emoji(std::string_view name) {
  return name == "100" || name == "1234" ||
         std::ranges::any_of(name, [](char c) { return is_letter(c) || c == '+' || c == '-'; });
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
bool is_reference(std::string_view run) {
  constexpr std::string_view marks = "#!$%~&^*[";
  for (std::size_t i = 0; i + 1 < run.size(); ++i) {
    const char next = run[i + 1];
    const bool names = is_letter(next) || next == '"' || (is_digit(next) && run[i] != '[');
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

std::string markdown_commands(const std::vector<std::string>& commands) {
  if (commands.empty()) {
    return {};
  }
  std::size_t longest = 0;  // run of back quotes inside
  for (const std::string& command : commands) {
    std::size_t run = 0;
    for (const char c : command) {
      run = c == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
  }
  const std::string fence(std::max<std::size_t>(longest + 1, 3), '`');
  std::string out = fence + "sh\n";
  for (const std::string& command : commands) {
    out += command + "\n";
  }
  return out + fence + "\n\n";
}

}  // namespace whyoom::render
