#include "render/json_writer.h"

#include <cmath>
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
  out_ += first_ ? "" : ",";
  if (indented_) {
    out_.append("\n").append(2 * depth_, ' ');
  }
  first_ = false;
}

void JsonWriter::begin_member(std::string_view key) {
  begin_value();
  write(key);  // it can be a log's own, as the names of a cgroup's counters are
  out_ += indented_ ? ": " : ":";
}

void JsonWriter::begin_array(std::string_view key) {
  begin_member(key);
  open('[');
}

void JsonWriter::raw(std::string_view text) {
  begin_value();
  out_ += text;
}

void JsonWriter::raw(std::string_view key, std::string_view text) {
  begin_member(key);
  out_ += text;
}

void JsonWriter::number(std::string_view key, std::optional<double> value) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  if (value && *value == std::trunc(*value) && std::fabs(*value) <= exact) {
    (*this)(key, static_cast<std::int64_t>(*value));
  } else {
    (*this)(key, value);
  }
}

// No control character and no broken UTF-8 is left in printable() text.
void JsonWriter::write(std::string_view text) {
  out_ += '"';
  if (is_printable_without(text, '"', '\\')) {
    out_ += text;
  } else {
    for (const char c : printable(text)) {
      out_ += c == '"' || c == '\\' ? "\\" : "";
      out_ += c;
    }
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
