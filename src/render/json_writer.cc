#include "render/json_writer.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/fixed.h"
#include "base/text.h"

namespace whyoom::render {
namespace {

// Printable ASCII without a quote and a backslash. Eight bytes at a time, because it is asked for
// every key and text.
bool stands_as_it_is(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t tops = ones * 0x80;
  constexpr std::size_t step = sizeof tops;
  // Not 0: a byte of them is less than `least`.
  const auto any_below = [](std::uint64_t bytes, std::uint64_t least) {
    return (bytes - ones * least) & ~bytes & tops;
  };
  const auto eight = [&](std::size_t at, std::size_t size) {
    std::uint64_t bytes = ones * '-';  // behind a short text
    std::memcpy(&bytes, text.data() + at, size);
    const std::uint64_t above = (bytes | (bytes + ones)) & tops;  // 127 and more
    return (above | any_below(bytes, ' ') | any_below(bytes ^ ones * '"', 1) |
            any_below(bytes ^ ones * '\\', 1)) == 0;
  };
  if (text.size() < step) {
    return text.empty() || eight(0, text.size());
  }
  for (std::size_t at = 0; at + step <= text.size(); at += step) {
    if (!eight(at, step)) {
      return false;
    }
  }
  return eight(text.size() - step, step);
}

}  // namespace

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
  if (stands_as_it_is(text)) {
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
