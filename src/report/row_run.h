// Rows of a task table that stand one right behind the other: most lines of a large report. Behind
// one that was read as every line is, a row whose frame is the same but for the kernel's time, and
// that has numbers and a plain name alone, can be nothing else. So it is read by itself, in one
// step; whatever differs in anything is left to those who know.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "logtext/kept_line.h"
#include "report/task_lines.h"

namespace whyoom::report {

class RowRun {
 public:
  struct Row {
    std::size_t size = 0;  // of its line with the newline
    logtext::Line line;
    TaskRow numbers;
    std::string_view name;
  };

  // `raw` was read, and all that it held was `line`. Rows have so many numbers behind the pid. It
  // goes on unless that is 0, or the end of `raw` is not the text of `line`.
  void begin(std::string_view raw, const logtext::Line& line, std::size_t columns);
  void end() { columns_ = 0; }
  [[nodiscard]] bool goes_on() const { return columns_ > 0; }
  // The row at the start of `block`, which ends with a newline; of size 0: what is there is none.
  // It is the same as long as `block` is and until the call after the next. The number of its line
  // is not set.
  Row& read(std::string_view block);

 private:
  [[nodiscard]] std::size_t take_frame(std::string_view block, logtext::Line& line);

  logtext::KeptLine line_;  // the one before: all but its text and time holds for the next
  std::array<Row, 2> rows_;
  std::size_t newest_ = 0;  // of the two
  std::string frame_;       // what stands before its text
  // Where the kernel's time begins in it, and where that ends; equal: there is none.
  std::size_t time_begins_ = 0, time_ends_ = 0;
  std::uint64_t second_ = 0;  // of it, in microseconds
  std::size_t columns_ = 0;
};

}  // namespace whyoom::report
