// A small reader of JSON that takes what it can from a record that was cut.
#include "base/text.h"
#include "logtext/json_string.h"
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
  // Empty where there is a message beside it: then it is a part of that record.
  [[nodiscard]] std::string_view list() const {
    return messages_ == in_lists_ ? list_ : std::string_view();
  }

 private:
  bool value(std::string_view key, int depth);
  bool array(std::string_view key, int depth);
  std::string_view scalar();
  bool take(char c);
  void blanks() { rest_ = trim_left(rest_); }

  void set(std::string_view key, std::string_view value, int depth) {
    messages_ += StructuredRecord::message_rank(key) != 0 ? 1U : 0U;
    record_.set(key, value, level_at(depth));
  }

  std::string_view rest_;
  StructuredRecord& record_;
  std::size_t messages_ = 0;  // so far
  std::size_t in_lists_ = 0;  // of them
  std::size_t records_ = 0;   // in list_
  std::string_view list_;
};

bool Reader::take(char c) {
  blanks();
  if (!rest_.starts_with(c)) {
    return false;
  }
  rest_.remove_prefix(1);
  return true;
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
  const std::string_view items = rest_;
  const std::size_t counted = messages_;
  const std::size_t listed = in_lists_;
  std::size_t records = 0;
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
      whole = read_json_string(rest_, item);
      bytes += any ? "\n" : "";
      bytes += item;
    } else if (rest_.starts_with('{') || rest_.starts_with('[')) {
      const std::size_t before = messages_;
      const bool object = rest_.starts_with('{');
      whole = value({}, depth + 1);
      records += object && messages_ > before ? 1U : 0U;
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
  if (records > 0) {
    in_lists_ = listed + messages_ - counted;
  }
  // An outer list holds the inner ones; of two beside each other the longer one is the answer.
  if (records > 1 && (records > records_ || list_.data() > items.data())) {
    list_ = items;
    records_ = records;
  }
  if (any && !bytes.empty()) {
    set(key, bytes, depth);
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
    const bool whole = read_json_string(rest_, text);
    if (whole || !text.empty()) {
      set(key, text, depth);
    }
    return whole;
  }
  const std::string_view word = scalar();
  if (word == "null") {
    record_.set_null(key);
  } else if (!word.empty()) {
    set(key, word, depth);
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
    if ((!first && !take(',')) || !take('"') || !read_json_string(rest_, key) || !take(':') ||
        !value(key, depth + 1)) {
      return false;
    }
  }
}

}  // namespace

JsonResult take_json_record(std::string_view& text, StructuredRecord& record) {
  record.clear();
  const std::string_view inside = trim_left(text);
  if (!inside.starts_with('{') || !trim_left(inside.substr(1)).starts_with('"')) {
    return {};
  }
  Reader reader(inside, record);
  const bool whole = reader.object(0);
  text = reader.rest();
  return {record.has_message() || record.message_is_null(), !whole, reader.list()};
}

}  // namespace whyoom::logtext
