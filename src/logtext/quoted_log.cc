#include "logtext/quoted_log.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "logtext/json_string.h"
#include "logtext/logger_notices.h"
#include "logtext/peel.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;

// Finds one quote after the other. Each line of a log comes by here, and hardly one has any: two
// searches for a byte cost less than one for a set.
class Quotes {
 public:
  explicit Quotes(std::string_view text) : text_(text) {}
  std::size_t next(std::size_t from) {
    return std::min(next('"', from, double_), next('\'', from, single_));
  }

 private:
  std::size_t next(char quote, std::size_t from, std::optional<std::size_t>& known) const {
    if (!known || *known < from) {
      known = text_.find(quote, from);
    }
    return *known;
  }

  std::string_view text_;
  std::optional<std::size_t> double_, single_;
};

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

// There is a frame, and something in it.
bool holds_log(std::string_view text) {
  if (find_inner_time(text, 0, true, std::nullopt) != npos) {
    return true;
  }
  Peeled scratch;
  std::string_view rest = trim_left(text);
  while (peel_any(rest, scratch)) {
    scratch.line.framed = true;
  }
  return scratch.line.framed && !trim(rest).empty();
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

// What `gcloud logging read` prints, a member a line, and `aws logs get-log-events --output text`,
// a row of tabs. Empty: it is neither.
std::string_view member_of_query(std::string_view text) {
  std::string_view rest = trim_left(text);
  for (const std::string_view key : {"MESSAGE: ", "textPayload: "}) {
    if (rest.starts_with(key)) {
      return rest.substr(key.size());
    }
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

}  // namespace

QuotedLog find_quoted_log(std::string_view text, std::string& out, Objects objects) {
  if (const std::string_view member = member_of_query(text); !member.empty()) {
    std::string_view rest = member.substr(1);
    const bool quoted = member.front() == '\'' || member.front() == '"';
    if (!quoted || !read_string(rest, out, member.front())) {
      out.assign(member);
    }
    return {true, false, true};
  }
  QuotedLog found;
  Quotes quotes(text);
  std::size_t at = quotes.next(0);
  if (at == npos || (objects == Objects::are_records && is_object(text)) ||
      has_own_frame(text, at)) {
    return found;
  }
  // Of a row one field is the message, and others may repeat it; a list has a line in each item.
  const bool list = trim_left(text).find_first_of("[{") == 0;
  std::string value;
  std::string last;
  out.clear();
  while (at != npos) {
    std::string_view rest = text.substr(at + 1);
    const std::string_view before = text.substr(0, at);
    if (!begins_value(before) || (!found.found && may_be_in_a_name(before))) {
      at = quotes.next(at + 1);
      continue;
    }
    const bool whole = read_string(rest, value, text[at]);
    if ((list ? value != last : value.size() > out.size()) && holds_log(value)) {
      found.may_be_tagged = found.found ? found.may_be_tagged : may_be_tagged(before);
      found.found = true;
      found.open = !whole;
      if (list) {
        out.append(out.empty() ? "" : "\n").append(value);
        last = value;
      } else {
        out = value;
      }
    }
    at = quotes.next(text.size() - rest.size());
  }
  return found;
}

std::string_view rest_of_quoted_log(std::string_view text, bool& closed) {
  const std::size_t end = text.find('"');
  closed = end != npos;
  return text.substr(0, end);
}

}  // namespace whyoom::logtext
