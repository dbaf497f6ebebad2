#include "logtext/quoted_log.h"

#include <algorithm>

#include "base/text.h"
#include "logtext/json_string.h"
#include "logtext/logger_notices.h"
#include "logtext/peel.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t most_strings = 64;  // in one line

// Each line of a log comes by here, and hardly one has a quote: two searches for a byte cost less
// than one for a set.
std::size_t find_quote(std::string_view text, std::size_t from) {
  return std::min(text.find('"', from), text.find('\'', from));
}

// A row of a table may begin with its time; any other frame is that of the whole line.
bool has_own_frame(std::string_view text, std::size_t quote) {
  const std::string_view before = text.substr(0, quote);
  const bool row = before.find_first_not_of("0123456789-+:./TZ, \t") == npos &&
                   before.find_first_of(",\t") != npos;
  Peeled scratch;
  return !row && peel_any(text, scratch);
}

// A whole record in JSON, whose fields say more than one of them alone.
bool is_object(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t[,");
  return first != npos && text[first] == '{';
}

// "bash: " in front can be a key, and the tag of a program. A key in quotes is no tag.
bool may_be_tagged(std::string_view before) {
  for (std::size_t colon = before.find(':'); colon != npos; colon = before.find(':', colon + 1)) {
    const bool ends_word = colon + 1 == before.size() || before[colon + 1] == ' ';
    if (ends_word && colon != 0 && before[colon - 1] != '"' && before[colon - 1] != '\'') {
      return true;
    }
  }
  return false;
}

// A value begins here: the first thing of the line, or behind a separator.
bool begins_value(std::string_view before) {
  before = trim(before);
  if (before.ends_with('b')) {  // b'..', Python's bytes
    before.remove_suffix(1);
  }
  return before.empty() || before == "-" ||
         std::string_view(",;:=[({\t").find(before.back()) != npos;
}

bool holds_log(std::string_view text) {
  return starts_framed(trim_left(text)) || find_inner_time(text, 0, true, std::nullopt) != npos;
}

// The string whose opening quote was taken, as JSON or as CSV (two quotes are one) has it.
bool read_string(std::string_view& rest, std::string& out, char quote) {
  std::string part;
  out.clear();
  while (read_json_string(rest, part, quote)) {
    out += part;
    if (!rest.starts_with(quote)) {
      return true;
    }
    out += quote;
    rest.remove_prefix(1);
  }
  out += part;
  return false;
}

}  // namespace

QuotedLog find_quoted_log(std::string_view text, std::string& out) {
  QuotedLog longest;
  std::size_t at = find_quote(text, 0);
  if (at == npos || is_object(text) || has_own_frame(text, at)) {
    return longest;
  }
  std::string value;
  std::size_t size = 0;
  for (std::size_t i = 0; i < most_strings && at != npos; ++i) {
    std::string_view rest = text.substr(at + 1);
    const std::string_view before = text.substr(0, at);
    if (!begins_value(before) || may_be_in_a_name(before)) {
      at = find_quote(text, at + 1);
      continue;
    }
    const bool whole = read_string(rest, value, text[at]);
    if (value.size() > size && holds_log(value)) {
      size = value.size();
      longest = {true, !whole, may_be_tagged(before)};
      out.swap(value);
    }
    at = find_quote(text, text.size() - rest.size());
  }
  return longest;
}

std::string_view rest_of_quoted_log(std::string_view text, bool& closed) {
  const std::size_t end = text.find('"');
  closed = end != npos;
  return text.substr(0, end);
}

}  // namespace whyoom::logtext
