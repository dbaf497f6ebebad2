#include "render/json_writer.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/fixed.h"
#include "base/text.h"

namespace whyoom::render {
std::string JsonWriter::take() { return std::exchange(out_, {}); }

void JsonWriter::open(char brace) {
  out_ += brace;
  first_ = true;
  ++depth_;
}

void JsonWriter::end(char brace) {
  --depth_;
  if (indented_ && !first_) {
    out_.append("\n").append(2 * depth_, ' ');
  }
  out_ += brace;
  first_ = false;
}

void JsonWriter::begin_value() {
  if (!first_) {
    out_ += ',';
  }
  if (indented_) {
    out_.append("\n").append(2 * depth_, ' ');
  }
  first_ = false;
}

namespace {

// "text", made in one step: half of what is written are names.
void append_quoted(std::string& out, std::string_view text) {
  const std::size_t at = out.size() + 1;
  out.append(text.size() + 2, '"');
  std::char_traits<char>::copy(out.data() + at, text.data(), text.size());
}

}  // namespace

void JsonWriter::begin_member(JsonKey key) {
  begin_value();
  append_quoted(out_, key.text());
  out_ += indented_ ? ": " : ":";
}

void JsonWriter::begin_member(std::string_view key) {
  begin_value();
  write(key);
  out_ += indented_ ? ": " : ":";
}

void JsonWriter::begin_array(JsonKey key) {
  begin_member(key);
  open('[');
}

void JsonWriter::raw(std::string_view text) {
  begin_value();
  out_ += text;
}

void JsonWriter::raw(JsonKey key, std::string_view text) {
  begin_member(key);
  out_ += text;
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
    return append_quoted(out_, text);
  }
  out_ += '"';
  for (const char c : printable(text)) {
    out_ += c == '"' || c == '\\' ? "\\" : "";
    out_ += c;
  }
  out_ += '"';
}

void JsonWriter::write(double value) {
  if (!std::isfinite(value)) {
    return write(nullptr);
  }
  append_shortest(out_, value);
  out_ += std::fabs(value) < 1e15 && value == std::trunc(value) ? ".0" : "";
}

}  // namespace whyoom::render
