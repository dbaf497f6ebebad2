#include "logtext/quoted_log.h"

#include <algorithm>

#include "base/text.h"
#include "logtext/json_string.h"
#include "logtext/peel.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::string_view separators = ",;\t";
constexpr std::string_view brackets = "[](){} \t";
constexpr char string_mark = '\x01';  // stands for a string; clean lines have none

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alnum(c) || std::string_view("_.:+/@-").find(c) != npos;
  });
}

std::string_view without_brackets(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(brackets);
  if (begin == npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(brackets) - begin + 1);
}

// A string behind its opening quote: of JSON and Python with escapes, of CSV and YAML with its
// quote doubled. One that was cut ends with the line.
void read_string(std::string_view& rest, std::string& out, char quote, bool escapes) {
  if (escapes) {
    read_json_string(rest, out, quote);
    return;
  }
  out.clear();
  for (;;) {
    const std::size_t end = rest.find(quote);
    out += rest.substr(0, end);
    rest.remove_prefix(end == npos ? rest.size() : end + 1);
    if (end == npos || !rest.starts_with(quote)) {
      return;
    }
    out += quote;
    rest.remove_prefix(1);
  }
}

// JSON and Python: an object, a list, the only string of the line, or the value of a key.
bool has_escapes(std::string_view text) {
  text = trim_left(text);
  if (text.starts_with("- ")) {
    return trim_left(text.substr(2)).starts_with('"');
  }
  if (text.starts_with('[') || text.starts_with('{') || text.starts_with("b'")) {
    return true;
  }
  if (!text.starts_with('"') && !text.starts_with('\'')) {
    return text.find(": \"") < text.find_first_of(separators);
  }
  std::string ignored;
  std::string_view rest = text.substr(1);
  read_json_string(rest, ignored, text.front());
  rest = trim(rest);
  return rest.empty() || rest == "," || rest.starts_with(':');
}

// A row of a table may begin with its time; any other frame is that of the whole line.
bool has_own_frame(std::string_view text) {
  const std::string_view before = text.substr(0, text.find_first_of("\"'"));
  const bool row = before.find_first_not_of("0123456789-+:./TZ, \t") == npos &&
                   before.find_first_of(",\t") != npos;
  Peeled scratch;
  return !row && peel_any(text, scratch);
}

// There is a frame, and something in it.
bool holds_log(std::string_view text) {
  Peeled scratch;
  std::string_view rest = trim_left(text);
  while (peel_any(rest, scratch)) {
    scratch.line.framed = true;
  }
  return (scratch.line.framed && !trim(rest).empty()) ||
         find_inner_time(text, 0, true, std::nullopt) != npos;
}

// What stands around the strings of a line, each of which is a mark in it.
enum class Around : unsigned char { nobody, names, other_text };

Around around_field(std::string_view field) {
  field = without_brackets(field);
  if (field.starts_with("- ")) {  // YAML
    field = trim_left(field.substr(2));
  }
  if (field.empty() || field == std::string_view(&string_mark, 1)) {
    return Around::nobody;
  }
  if (field.ends_with(string_mark)) {
    std::string_view key = field.substr(0, field.size() - 1);
    if (key == "b") {  // Python's bytes
      return Around::nobody;
    }
    key = trim_right(key);
    const bool keyed = key.ends_with(':');
    key = trim_right(key.substr(0, key.size() - 1));
    return keyed && (is_word(key) || key == std::string_view(&string_mark, 1)) ? Around::names
                                                                               : Around::other_text;
  }
  if (field.find(string_mark) != npos) {
    return Around::other_text;
  }
  if (names_nobody(field)) {
    return Around::nobody;
  }
  return is_word(field) ? Around::names : Around::other_text;
}

Around around_strings(std::string_view outside) {
  Around most = Around::nobody;
  while (true) {
    const std::size_t end = std::min(outside.find_first_of(separators), outside.size());
    most = std::max(most, around_field(outside.substr(0, end)));
    if (end == outside.size()) {
      return most;
    }
    outside.remove_prefix(end + 1);
  }
}

// What `gcloud logging read` prints, a member a line, and `aws logs get-log-events --output text`,
// a row of tabs. Empty: it is neither.
std::string_view member_of_query(std::string_view text) {
  std::string_view rest = trim_left(text);
  // Both are names that a process can have, too; but only a member is indented.
  if (rest.size() != text.size() && rest.starts_with("MESSAGE: ")) {
    return rest.substr(std::string_view("MESSAGE: ").size());
  }
  if (rest.starts_with("textPayload: ")) {
    return rest.substr(std::string_view("textPayload: ").size());
  }
  Cursor cursor(rest);
  if (!cursor.take("EVENTS\t") || !cursor.take_unsigned() || !cursor.take('\t')) {
    return {};
  }
  const std::string_view row = cursor.rest();
  const std::size_t last = row.rfind('\t');
  const bool ends_with_time = last != npos && row.find_first_not_of("0123456789", last + 1) == npos;
  return ends_with_time ? row.substr(0, last) : std::string_view();
}

// Reads all strings; `outside` gets what is around them.
QuotedLog collect(std::string_view text, bool list, std::string& outside, std::string& out) {
  QuotedLog found;
  const bool escapes = has_escapes(text);
  std::string value;
  out.clear();
  std::size_t at = 0;
  std::size_t next_double = text.find('"');
  std::size_t next_single = text.find('\'');
  while (at < text.size()) {
    next_double = next_double < at ? text.find('"', at) : next_double;
    next_single = next_single < at ? text.find('\'', at) : next_single;
    const std::size_t open = std::min(next_double, next_single);
    outside += text.substr(at, open == npos ? npos : open - at);
    if (open == npos) {
      break;
    }
    std::string_view rest = text.substr(open + 1);
    read_string(rest, value, text[open], escapes);
    at = text.size() - rest.size();
    outside += string_mark;
    const bool log = holds_log(value);
    // In a row all but one say where the line is from.
    found.handed_on = found.handed_on || (log ? !list && found.found : !names_nobody(value));
    if (!log) {
      continue;
    }
    found.found = true;
    // JSON or a table of one column: only the first has newlines in its strings.
    found.handed_on = found.handed_on || value.find('\n') < value.size() - 1;
    if (list) {
      out.append(out.empty() ? "" : "\n").append(value);
    } else if (value.size() > out.size()) {
      out = value;
    }
  }
  return found;
}

}  // namespace

bool names_nobody(std::string_view text) {
  const bool of_times = std::ranges::none_of(text, [](char c) {
    return (is_letter(c) && c != 'T' && c != 'Z') || static_cast<unsigned char>(c) >= 0x80;
  });
  return of_times && (std::ranges::any_of(text, is_digit) || std::ranges::none_of(text, is_letter));
}

QuotedLog find_quoted_log(std::string_view text, std::string& out, Objects objects) {
  if (const std::string_view member = member_of_query(text); !member.empty()) {
    out.assign(member);
    if (member.front() == '\'' || member.front() == '"') {
      std::string_view rest = member.substr(1);
      read_string(rest, out, member.front(), member.front() == '"');
    }
    return {true, true};
  }
  // Each line of a log comes by here, and hardly one has a quote.
  if (text.find('"') == npos && text.find('\'') == npos) {
    return {};
  }
  const std::string_view start = trim_left(text);
  if (start.starts_with('[') && start.find(']') < start.find_first_of("\"'")) {
    return {};  // a row of the task table, a time
  }
  const std::size_t first = start.find_first_not_of("[, \t");
  const bool object = first != npos && start[first] == '{';
  if (object && objects == Objects::are_records) {
    return {};
  }
  if (has_own_frame(text)) {
    return {};
  }
  std::string outside;
  QuotedLog found = collect(text, object || start.starts_with('['), outside, out);
  if (!found.found) {
    return {};
  }
  if (object) {
    found.handed_on = true;
    return found;
  }
  const Around around = around_strings(outside);
  if (around == Around::other_text) {
    return {};
  }
  // An export of a log has a time or two beside the line; other tables have more, and a client's
  // text.
  constexpr std::ptrdiff_t most_fields = 4;
  const bool wide = !start.starts_with('[') && std::ranges::count_if(outside, [](char c) {
                                                 return separators.find(c) != npos;
                                               }) >= most_fields;
  found.handed_on =
      found.handed_on || around == Around::names || wide || objects == Objects::have_no_message;
  return found;
}

bool hands_on(std::string_view before) {
  before = trim_right(before);
  return before.find_first_of("\"{") != npos || before.ends_with('\'') ||
         (before.find(',') != npos && !names_nobody(before));
}

}  // namespace whyoom::logtext
