// A small reader of JSON that takes what it can from a record that was cut.
#include <optional>

#include "base/text.h"
#include "logtext/clean.h"
#include "logtext/structured_record.h"

namespace whyoom::logtext {

namespace {

constexpr int max_depth = 12;

// A value of the outermost object, or an item of an array that is one, is at the top.
StructuredRecord::Level level_at(int depth) {
  return depth <= 2 ? StructuredRecord::Level::top : StructuredRecord::Level::nested;
}

class Reader {
 public:
  Reader(std::string_view text, StructuredRecord& record) : rest_(text), record_(record) {}

  // False when the text is not proper JSON to its end.
  bool object(int depth);
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  bool value(std::string_view key, int depth);
  bool array(std::string_view key, int depth);
  bool string(std::string& out);
  bool escape(std::string& out);
  std::optional<char32_t> hex4();
  std::string_view scalar();
  bool take(char c);
  void blanks() { rest_ = trim_left(rest_); }

  std::string_view rest_;
  StructuredRecord& record_;
};

bool Reader::take(char c) {
  blanks();
  if (!rest_.starts_with(c)) {
    return false;
  }
  rest_.remove_prefix(1);
  return true;
}

std::optional<char32_t> Reader::hex4() {
  const auto code = rest_.size() >= 4 ? parse_number<std::uint32_t>(rest_.substr(0, 4), 16)
                                      : std::optional<std::uint32_t>{};
  if (!code) {
    return std::nullopt;
  }
  rest_.remove_prefix(4);
  return static_cast<char32_t>(*code);
}

// Behind a backslash.
bool Reader::escape(std::string& out) {
  if (rest_.empty()) {
    return false;
  }
  const char kind = rest_.front();
  rest_.remove_prefix(1);
  switch (kind) {
    case 'n':
      out += '\n';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'r':
    case 'b':
    case 'f':
      return true;  // of no use in a line
    case 'u':
      break;
    default:
      out += kind;
      return true;
  }
  auto code = hex4();
  if (!code) {
    return false;
  }
  if (*code >= 0xd800 && *code < 0xdc00 && rest_.starts_with("\\u")) {
    rest_.remove_prefix(2);
    const auto low = hex4();
    if (!low) {
      return false;
    }
    const bool pair = *low >= 0xdc00 && *low < 0xe000;
    code = pair ? 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00) : 0xfffd;
  }
  append_utf8(out, *code >= 0xd800 && *code < 0xe000 ? 0xfffd : *code);
  return true;
}

// The opening quote is taken. What was read stays in `out` when the string is cut.
bool Reader::string(std::string& out) {
  out.clear();
  while (true) {
    const std::size_t stop = rest_.find_first_of("\"\\");
    out.append(rest_.substr(0, stop));
    if (stop == std::string_view::npos) {
      rest_ = {};
      return false;
    }
    const char c = rest_[stop];
    rest_.remove_prefix(stop + 1);
    if (c == '"') {
      return true;
    }
    if (!escape(out)) {
      return false;
    }
  }
}

// A number or a word up to the next separator.
std::string_view Reader::scalar() {
  const std::size_t end = std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size());
  const std::string_view word = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return word;
}

// An array of numbers is a byte string; of strings, the values of a repeated field.
bool Reader::array(std::string_view key, int depth) {
  std::string bytes;
  std::string item;
  bool any = false;
  bool whole = true;
  while (true) {
    if (take(']')) {
      break;
    }
    if (any && !take(',')) {
      whole = false;
      break;
    }
    blanks();
    if (rest_.empty()) {
      whole = false;
      break;
    }
    if (take('"')) {
      whole = string(item);
      bytes += any ? "\n" : "";
      bytes += item;
    } else if (rest_.starts_with('{') || rest_.starts_with('[')) {
      whole = value({}, depth + 1);
    } else {
      const std::string_view word = scalar();
      const auto byte = parse_number<int>(word);
      if (byte && *byte >= -128 && *byte < 256) {
        bytes += static_cast<char>(*byte);
      }
      whole = !word.empty();
    }
    any = true;
    if (!whole) {
      break;
    }
  }
  if (any && !bytes.empty()) {
    record_.set(key, bytes, level_at(depth));
  }
  return whole;
}

bool Reader::value(std::string_view key, int depth) {
  if (depth > max_depth) {
    return false;
  }
  blanks();
  if (rest_.starts_with('{')) {
    return object(depth + 1);
  }
  if (take('[')) {
    return array(key, depth + 1);
  }
  if (take('"')) {
    std::string text;
    const bool whole = string(text);
    if (whole || !text.empty()) {
      record_.set(key, text, level_at(depth));
    }
    return whole;
  }
  const std::string_view word = scalar();
  if (word == "null") {
    record_.set_null(key);
  } else if (!word.empty()) {
    record_.set(key, word, level_at(depth));
  }
  return !word.empty();
}

bool Reader::object(int depth) {
  if (!take('{')) {
    return false;
  }
  std::string key;
  for (bool first = true;; first = false) {
    if (take('}')) {
      return true;
    }
    if ((!first && !take(',')) || !take('"') || !string(key) || !take(':') ||
        !value(key, depth + 1)) {
      return false;
    }
  }
}

}  // namespace

JsonResult read_json_record(std::string_view text, StructuredRecord& record) {
  record.clear();
  const std::string_view inside = trim_left(text);
  if (!inside.starts_with('{') || !trim_left(inside.substr(1)).starts_with('"')) {
    return {};
  }
  Reader reader(inside, record);
  const bool whole = reader.object(0);
  return {record.has_message() || record.message_is_null(), !whole};
}

}  // namespace whyoom::logtext
