#include "report/row_run.h"

#include <algorithm>
#include <cstdint>

#include "base/digits.h"
#include "base/text.h"
#include "logtext/peel.h"
#include "report/open_event.h"

namespace whyoom::report {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t longest_line = 512;   // with 16 numbers; the kernel's have less than 200
constexpr std::size_t fraction_digits = 6;  // of the kernel's time
constexpr std::uint64_t one_second = 1'000'000;

// "   12.345678", as the kernel prints it, at `at`: behind it, or npos.
std::size_t take_time(std::string_view text, std::size_t at, std::uint64_t& microseconds) {
  constexpr std::size_t longest = 32;
  std::string_view rest = text.substr(at, longest);
  const auto time = logtext::take_seconds(rest);
  if (!time || time->fraction_digits != fraction_digits) {
    return npos;
  }
  microseconds = time->microseconds;
  return static_cast<std::size_t>(rest.data() - text.data());
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

// How long the word at `at` is, if it is a name that is no number, nor begins like one; or 0.
std::size_t size_of_name(std::string_view block, std::size_t at) {
  const std::string_view rest = block.substr(at, longest_comm + 1);
  const auto size = static_cast<std::size_t>(
      std::ranges::find_if_not(rest, [](char c) { return plain[static_cast<unsigned char>(c)]; }) -
      rest.begin());
  return size == 0 || size > longest_comm || is_digit(rest.front()) || rest.front() == '-' ? 0
                                                                                           : size;
}

std::string_view without_returns(std::string_view text) {
  while (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

void RowRun::begin(std::string_view raw, const logtext::Line& line, std::size_t columns) {
  constexpr std::size_t least = 3;  // fewer need not be a row
  columns_ = 0;
  raw = without_returns(raw);
  const std::size_t size = line.text.size();
  if (columns < least || size == 0 || size > raw.size() ||
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
      second_ = microseconds - microseconds % one_second;
    }
  }
  frame_.assign(frame);
  line_.keep(line);
  for (Row& row : rows_) {
    row.line = line_.line;
  }
  columns_ = columns;
}

// How many characters at the start of `block` are the frame; npos: it is another.
std::size_t RowRun::take_frame(std::string_view block, logtext::Line& line) {
  const std::string_view frame = frame_;
  if (time_begins_ == time_ends_) {
    return block.starts_with(frame) ? frame.size() : npos;
  }
  // Most rows are of the second of the one before.
  const std::size_t fraction = time_ends_ - fraction_digits;
  std::size_t at = time_ends_;
  if (block.starts_with(frame.substr(0, fraction))) {
    const Digits digits = read_digits(block.data() + fraction, block.data() + block.size());
    if (digits.count != fraction_digits) {
      return npos;
    }
    line.monotonic_us = second_ + digits.value;
  } else {
    std::uint64_t microseconds = 0;
    at = block.starts_with(frame.substr(0, time_begins_))
             ? take_time(block, time_begins_, microseconds)
             : npos;
    if (at == npos) {
      return npos;
    }
    line.monotonic_us = microseconds;
    if (at == time_ends_) {
      frame_.replace(time_begins_, at - time_begins_,
                     block.substr(time_begins_, at - time_begins_));
      second_ = microseconds - microseconds % one_second;
    }
  }
  const std::string_view rest = frame.substr(time_ends_);
  return block.substr(at).starts_with(rest) ? at + rest.size() : npos;
}

RowRun::Row& RowRun::read(std::string_view block) {
  newest_ = 1 - newest_;
  Row& row = rows_[newest_];
  row.size = 0;
  if (!block.ends_with('\n')) {
    return row;
  }
  const std::size_t frame = take_frame(block, row.line);
  if (frame == npos || block[frame] != '[') {
    return row;
  }
  const std::size_t name = read_task_numbers(block.substr(frame), columns_, row.numbers);
  const std::size_t name_size = name == 0 ? 0 : size_of_name(block, frame + name);
  if (name_size == 0) {
    return row;
  }
  row.name = block.substr(frame + name, name_size);
  row.line.text = block.substr(frame, name + name_size);
  std::size_t end = frame + name + name_size;
  while (block[end] == '\r') {
    ++end;
  }
  const logtext::Line& before = rows_[1 - newest_].line;
  const bool copy = row.line.monotonic_us && row.line.monotonic_us == before.monotonic_us &&
                    row.line.text == before.text;
  if (block[end] == '\n' && end < longest_line && !copy) {
    row.size = end + 1;
  }
  return row;
}

}  // namespace whyoom::report
