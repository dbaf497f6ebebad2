// Reading numbers and words out of text that may be cut or damaged. Nothing here throws, nothing
// reads past the view, and a number that does not fit its type is a failure, not a wrapped value.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace whyoom {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter(char c) { return is_lower(c) || is_upper(c); }
constexpr bool is_alnum(char c) { return is_letter(c) || is_digit(c); }
constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_hex_digit(char c) { return is_lower_hex(c) || (c >= 'A' && c <= 'F'); }

// Printable ASCII alone, and none of these two. Eight bytes at a time: it is asked for every line
// that is read and for every text that is written.
bool is_printable_without(std::string_view text, char one, char other);

std::string_view trim(std::string_view text);
std::string_view trim_left(std::string_view text);
std::string_view trim_right(std::string_view text);

// Takes what stands before the next `stop`, or all, off `rest`, and that `stop` with it.
constexpr std::string_view take_part(std::string_view& rest, char stop) {
  const std::string_view part = rest.substr(0, rest.find(stop));
  rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : part.size());
  return part;
}

// What stands behind the last slash.
constexpr std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// "/a/b" is below "/a", "/ab" is not.
constexpr bool is_at_or_below(std::string_view path, std::string_view top) {
  return path.starts_with(top) &&
         (path.size() == top.size() || top.ends_with('/') || path[top.size()] == '/');
}

// The text of each of `range`, with `between` between them.
template <class Range, class TextOf = std::identity>
std::string join(const Range& range, std::string_view between, const TextOf& text_of = {}) {
  std::string out;
  for (const auto& each : range) {
    out += out.empty() ? std::string_view() : between;
    out += std::invoke(text_of, each);
  }
  return out;
}

// With every `what` in it made `with`.
inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// The whole of `text` as a number in `base` (no sign for unsigned types, no 0x).
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc{} || rest != end) {
    return std::nullopt;
  }
  return value;
}

// "0x1f" or "1f"
std::optional<std::uint64_t> parse_hex(std::string_view text);

// A position in a line. Every take_* either moves past what it took, or moves nothing.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  void skip_spaces() { rest_ = trim_left(rest_); }
  bool take(std::string_view literal);
  bool take(char c) {
    const bool is_there = !rest_.empty() && rest_.front() == c;
    rest_.remove_prefix(is_there ? 1 : 0);
    return is_there;
  }
  std::optional<std::uint64_t> take_unsigned();
  std::optional<std::int64_t> take_signed();
  // Up to, not including, the next white space; empty at the end.
  std::string_view take_word();
  // Up to, not including, `stop`; nullopt (and nothing taken) when it does not come.
  std::optional<std::string_view> take_until(std::string_view stop);

 private:
  std::string_view rest_;
};

// What follows `key` in `text` up to white space or a comma: value_after("a=1, b=2", "b=") is "2".
// The key is not found inside a longer word: "gid=" is not in "tgid=1", nor "rss:" in "anon-rss:1".
std::optional<std::string_view> value_after(std::string_view text, std::string_view key);

// Text from a log, made fit for a terminal or a page: control characters, line separators, what
// changes the direction of text or is not seen (zero width), and bytes that are not UTF-8 become
// \xNN byte by byte; a backslash stays as it is, so a second time changes nothing. A process can
// choose its own name.
std::string printable(std::string_view text);

}  // namespace whyoom
