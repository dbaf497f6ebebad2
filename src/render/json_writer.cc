#include "render/json_writer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/fixed.h"
#include "base/text.h"

namespace whyoom::render {

std::string JsonWriter::take() { return {out_.get(), std::exchange(size_, 0)}; }

void JsonWriter::grow(std::size_t most) {
  constexpr std::size_t least = 16384;  // most events
  capacity_ = std::max({least, 2 * capacity_, size_ + most});
  auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
  std::copy_n(out_.get(), size_, larger.get());
  out_ = std::move(larger);
}

void JsonWriter::open(char brace) {
  put(brace);
  first_ = true;
  ++depth_;
}

void JsonWriter::put_margin() {
  put('\n');
  const std::size_t blanks = 2 * depth_;
  std::fill_n(room(blanks), blanks, ' ');
  size_ += blanks;
}

void JsonWriter::end(char brace) {
  --depth_;
  if (indented_ && !first_) {
    put_margin();
  }
  put(brace);
  first_ = false;
}

void JsonWriter::begin_value() {
  if (!first_) {
    put(',');
  }
  if (indented_) {
    put_margin();
  }
  first_ = false;
}

void JsonWriter::put_quoted(std::string_view text) {
  char* const at = room(text.size() + 2);
  *at = '"';
  std::char_traits<char>::copy(at + 1, text.data(), text.size());
  at[text.size() + 1] = '"';
  size_ += text.size() + 2;
}

void JsonWriter::begin_member(JsonKey key) {
  const std::string_view name = key.text();
  if (indented_) {
    begin_value();
    put_quoted(name);
    return put(": ");
  }
  // An event has six hundred.
  char* const at = room(name.size() + 4);
  char* next = at;
  *next = ',';
  next += std::exchange(first_, false) ? 0 : 1;
  *next++ = '"';
  next = std::copy(name.begin(), name.end(), next);
  *next++ = '"';
  *next++ = ':';
  size_ += static_cast<std::size_t>(next - at);
}

void JsonWriter::begin_member(std::string_view key) {
  begin_value();
  write(key);
  put(indented_ ? std::string_view(": ") : ":");
}

void JsonWriter::begin_array(JsonKey key) {
  begin_member(key);
  open('[');
}

void JsonWriter::raw(std::string_view text) {
  begin_value();
  put(text);
}

void JsonWriter::raw(JsonKey key, std::string_view text) {
  begin_member(key);
  put(text);
}

void JsonWriter::number(JsonKey key, std::optional<double> value) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  if (value && *value == std::trunc(*value) && std::fabs(*value) <= exact) {
    (*this)(key, static_cast<std::int64_t>(*value));
  } else {
    (*this)(key, value);
  }
}

// No control character and no broken UTF-8 is left in printable() text.
void JsonWriter::write(std::string_view text) {
  if (is_printable_without(text, '"', '\\')) {
    return put_quoted(text);
  }
  put('"');
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') {
      put('\\');
    }
    put(c);
  }
  put('"');
}

void JsonWriter::write(double value) {
  if (!std::isfinite(value)) {
    return write(nullptr);
  }
  std::string text;
  append_shortest(text, value);
  put(text);
  if (std::fabs(value) < 1e15 && value == std::trunc(value)) {
    put(".0");
  }
}

}  // namespace whyoom::render
