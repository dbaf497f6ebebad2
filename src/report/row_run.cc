#include "report/row_run.h"

#include <algorithm>
#include <cstdint>

#include "base/digits.h"
#include "base/text.h"
#include "report/open_event.h"
#include "report/plain_row.h"

namespace whyoom::report {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t longest_line = 512;  // with 16 numbers; the kernel's have less than 200
constexpr std::size_t least_columns = 3;   // with fewer, a row may be the beginning of one

// "   12.345678", as the kernel prints it, at `at`: behind it, or npos. The same as
// logtext::take_seconds() takes it.
std::size_t take_time(std::string_view text, std::size_t at, std::uint64_t& microseconds) {
  constexpr std::size_t longest_whole = 8, micro = 6;
  const char* const end = text.data() + text.size();
  const char* next = skip_blanks(text.data() + at, end);
  const Digits whole = read_digits(next, end);
  next += whole.count;
  if (whole.count == 0 || whole.count > longest_whole || next == end || *next != '.') {
    return npos;
  }
  const Digits fraction = read_digits(++next, end);
  if (fraction.count != micro) {
    return npos;
  }
  microseconds = whole.value * 1'000'000 + fraction.value;
  return static_cast<std::size_t>(next - text.data()) + micro;
}

// What means nothing to a terminal, a mail, a page or a log.
constexpr auto plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const char c = static_cast<char>(i);
    table[i] = is_alnum(c) || std::string_view("-_./:()+@").find(c) != npos;
  }
  return table;
}();

// Behind one word that is no number, nor begins like one; nullptr: there is none.
const char* end_of_plain_name(const char* name, const char* end) {
  const std::string_view text(name, std::min(kMaxComm + 1, static_cast<std::size_t>(end - name)));
  std::size_t size = 0;
  while (size < text.size() && plain[static_cast<unsigned char>(text[size])]) {
    ++size;
  }
  const bool is_name = size > 0 && size <= kMaxComm && !is_digit(*name) && *name != '-';
  return is_name ? name + size : nullptr;
}

// As starts_with(); of a frame that is "[" and "] " alone, calls would be most of the work.
bool begins_with(std::string_view text, std::string_view frame) {
  constexpr std::size_t few = 4;
  if (frame.size() > few || frame.size() > text.size()) {
    return text.starts_with(frame);
  }
  std::size_t same = 0;
  while (same < frame.size() && text[same] == frame[same]) {
    ++same;
  }
  return same == frame.size();
}

std::string_view without_returns(std::string_view text) {
  while (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

void RowRun::begin(std::string_view raw, const logtext::Line& line, std::size_t columns) {
  columns_ = 0;
  raw = without_returns(raw);
  const std::size_t size = line.text.size();
  if (columns < least_columns || size == 0 || size > raw.size() ||
      line.text.data() != raw.data() + (raw.size() - size) || line.continued || line.embedded) {
    return;
  }
  const std::string_view frame = raw.substr(0, raw.size() - size);
  time_begins_ = time_ends_ = 0;
  if (const std::size_t close = frame.rfind("] "); close != npos) {
    const std::size_t open = frame.rfind('[', close);
    std::uint64_t microseconds = 0;
    if (open != npos && take_time(frame, open + 1, microseconds) == close &&
        line.monotonic_us == microseconds) {
      time_begins_ = open + 1;
      time_ends_ = close;
    }
  }
  frame_.assign(frame);
  line_.keep(line);
  for (Row& row : rows_) {
    row.line = line_.line;
  }
  columns_ = columns;
}

// How many characters of `raw` are the frame; npos: it is another.
std::size_t RowRun::take_frame(std::string_view raw, logtext::Line& line) const {
  const std::string_view frame = frame_;
  if (!begins_with(raw, frame.substr(0, time_begins_))) {
    return npos;
  }
  std::size_t at = time_begins_;
  if (time_begins_ != time_ends_) {
    std::uint64_t microseconds = 0;
    at = take_time(raw, time_begins_, microseconds);
    if (at == npos) {
      return npos;
    }
    line.monotonic_us = microseconds;
  }
  const std::string_view rest = frame.substr(time_ends_);
  return begins_with(raw.substr(at), rest) ? at + rest.size() : npos;
}

RowRun::Row& RowRun::read(std::string_view block) {
  newest_ = 1 - newest_;
  Row& row = rows_[newest_];
  row.size = 0;
  const std::size_t frame = take_frame(block, row.line);
  if (frame == npos || !read_plain_row(block.substr(frame), columns_, row.numbers)) {
    return row;
  }
  const char* const text = block.data() + frame;
  const char* const end = block.data() + block.size();
  const char* const name = skip_blanks(text + row.numbers.ends[columns_], end);
  const char* behind = end_of_plain_name(name, end);
  if (behind == nullptr) {
    return row;
  }
  row.line.text = {text, static_cast<std::size_t>(behind - text)};
  while (behind != end && *behind == '\r') {
    ++behind;
  }
  const auto size = static_cast<std::size_t>(behind - block.data());
  const logtext::Line& before = rows_[1 - newest_].line;
  const bool copy = row.line.monotonic_us && row.line.monotonic_us == before.monotonic_us &&
                    row.line.text == before.text;
  if (behind != end && *behind == '\n' && size <= longest_line && !copy) {
    row.size = size + 1;
  }
  return row;
}

}  // namespace whyoom::report
