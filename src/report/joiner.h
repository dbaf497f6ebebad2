// Puts lines together again that a mail or a terminal wrapped. A line that is not whole by the
// grammar of its kind takes in the next one when that carries no framing, makes no sense by itself,
// and the two together make more sense than the first alone. Mails break at a blank, terminals
// inside words; both are tried.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "logtext/kept_line.h"
#include "report/kernel_line.h"

namespace whyoom::report {

class Joiner {
 public:
  // What it gets has its `line`, whose views live until the sink returns.
  using Sink = std::function<void(KernelLine&)>;

  explicit Joiner(Sink sink) : sink_(std::move(sink)) {}

  void line(const logtext::Line& line);
  void flush();
  [[nodiscard]] bool holds() const { return pending_.valid; }
  // Numbers in a row of the task table that is being read; 0: not known.
  [[nodiscard]] std::size_t columns() const { return columns_; }

 private:
  void take(const logtext::Line& line);
  bool take_apart(const logtext::Line& line, const KernelLine& read);
  void emit(const logtext::Line& line, KernelLine& read);
  bool join(const logtext::Line& next, const LineKind& next_kind);
  [[nodiscard]] bool goes_on_in_name(std::string_view next) const;
  // The pending line is `text` now, with `next` in it.
  void go_on(const std::string& text, const logtext::Line& next);

  Sink sink_;
  logtext::KeptLine pending_;  // not whole yet
  KernelLine read_;            // what it says so far
  unsigned pieces_ = 1;
  logtext::KeptLine empty_frame_;  // a time alone on its line: the text follows on the next
  std::size_t columns_ = 0;        // of the task table that is being read
};

}  // namespace whyoom::report
