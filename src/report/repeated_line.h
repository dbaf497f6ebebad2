// A line that stands twice, one right behind the other: two loggers write the same file, or two
// logs were sorted into one. Read twice, half of a report would contradict the other half.
#pragma once

#include "logtext/kept_line.h"

namespace whyoom::report {

class RepeatedLine {
 public:
  // It is the copy of the line before, by whoever is believed no less. Both have the kernel's time
  // to the microsecond, in which a kernel prints nothing twice but guesses of a stack, of which one
  // will do; or one logger has left that out, and both have the same time of a clock.
  bool is_copy(const logtext::Line& line) {
    const bool comparable = line.framed && !line.continued && !line.embedded;
    logtext::Line& before = before_.line;
    const bool copy = comparable && before_.valid && line.number == before.number + 1 &&
                      line.text == before.text && line.host == before.host &&
                      line.boot == before.boot && line.origin <= before.origin &&
                      same_time(before, line);
    before.number = line.number;
    if (!copy) {
      before_.valid = false;
      if (comparable && !line.text.empty()) {
        before_.keep(line);
      }
    }
    return copy;
  }

 private:
  static bool same_time(const logtext::Line& a, const logtext::Line& b) {
    return a.monotonic_us && b.monotonic_us
               ? *a.monotonic_us == *b.monotonic_us
               : (a.monotonic_us || b.monotonic_us) && !a.wall.empty() && a.wall == b.wall;
  }

  logtext::KeptLine before_;
};

}  // namespace whyoom::report
