// Puts lines together again that a mail or a terminal wrapped. A line that is not whole by the
// grammar of its kind takes in the next one when that carries no framing, makes no sense by itself,
// and the two together make more sense than the first alone. Mails break at a blank, terminals
// inside words; both are tried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "logtext/line.h"
#include "report/shape.h"

namespace whyoom::report {

class Joiner {
 public:
  // The line's views live until the sink returns.
  using Sink = std::function<void(const logtext::Line&, Shape)>;

  explicit Joiner(Sink sink) : sink_(std::move(sink)) {}

  void line(const logtext::Line& line);
  void flush();
  [[nodiscard]] bool holds() const { return pending_.has_value(); }

 private:
  struct Owned {
    std::string text, wall, host, caller, tag, boot;
    logtext::Line meta;  // its views are not used
    Shape shape = Shape::other;
    Grade grade;
    unsigned pieces = 1;
    [[nodiscard]] logtext::Line view() const;
  };

  static Owned own(const logtext::Line& line);
  void take(const logtext::Line& line);
  void emit(const logtext::Line& line, Shape shape);
  bool join(const logtext::Line& next, Shape next_shape);
  bool join_name(std::string_view next);
  void accept(std::string text, Shape shape, Grade grade, const logtext::Line& next);

  Sink sink_;
  std::optional<Owned> pending_;
  std::optional<Owned> empty_frame_;  // a time alone on its line: the text follows on the next
  std::size_t columns_ = 0;           // of the task table that is being read
};

}  // namespace whyoom::report
