#include "report/row_run.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/digits.h"
#include "base/text.h"
#include "logtext/peel.h"
#include "report/open_event.h"

namespace whyoom::report {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t longest_line = 512;  // with 16 numbers; the kernel's have less than 200

// "   12.345678", as the kernel prints it, at `at`: behind it, or npos.
std::size_t take_time(std::string_view text, std::size_t at, std::uint64_t& microseconds) {
  constexpr std::size_t longest = 32;
  std::string_view rest = text.substr(at, longest);
  const auto time = logtext::take_seconds(rest);
  if (!time || time->fraction_digits != 6) {
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

// One word that is no number, nor begins like one.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_comm && !is_digit(name.front()) &&
         name.front() != '-' &&
         std::ranges::all_of(name, [](char c) { return plain[static_cast<unsigned char>(c)]; });
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
  if (columns == 0 || size == 0 || size > raw.size() ||
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
  if (!raw.starts_with(frame.substr(0, time_begins_))) {
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
  return raw.substr(at).starts_with(rest) ? at + rest.size() : npos;
}

RowRun::Row& RowRun::read(std::string_view block) {
  newest_ = 1 - newest_;
  Row& row = rows_[newest_];
  row.size = 0;
  const std::size_t end = block.substr(0, longest_line).find('\n');
  if (end == npos) {
    return row;
  }
  const std::string_view raw = without_returns(block.substr(0, end));
  const std::size_t frame = take_frame(raw, row.line);
  if (frame == npos || frame == raw.size() || raw[frame] != '[') {
    return row;
  }
  const std::string_view text = raw.substr(frame);
  row.line.text = text;
  row.numbers = parse_task_row(text);
  if (!row.numbers || row.numbers->count != columns_ || row.numbers->other_spaces) {
    return row;
  }
  const char* const text_end = text.data() + text.size();
  const char* const name = skip_blanks(text.data() + row.numbers->ends[columns_], text_end);
  const logtext::Line& before = rows_[1 - newest_].line;
  const bool copy = row.line.monotonic_us && row.line.monotonic_us == before.monotonic_us &&
                    row.line.text == before.text;
  if (!copy && is_plain_name({name, static_cast<std::size_t>(text_end - name)})) {
    row.size = end + 1;
  }
  return row;
}

}  // namespace whyoom::report
