// A line that stands twice, one right behind the other: two loggers write the same file, or two
// logs were sorted into one. Read twice, half of a report would contradict the other half.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logtext/line.h"

namespace whyoom::report {

class RepeatedLine {
 public:
  // It is the copy of the line before, by whoever is believed no less. Both have the kernel's time
  // to the microsecond, in which a kernel prints nothing twice but guesses of a stack, of which one
  // will do; or one logger has left that out, and both have the same time of a clock.
  bool is_copy(const logtext::Line& line) {
    const bool comparable = line.framed && !line.continued && !line.embedded && !line.text.empty();
    const bool copy = comparable && line.number == number_ + 1 && line.text == text_ &&
                      line.host == host_ && line.boot == boot_ && line.origin <= origin_ &&
                      is_same_time(line);
    number_ = line.number;
    if (!copy) {
      text_ = comparable ? line.text : std::string_view();
      keep(host_, line.host);
      keep(boot_, line.boot);
      keep(wall_, line.wall);
      monotonic_us_ = line.monotonic_us;
      origin_ = line.origin;
    }
    return copy;
  }

 private:
  [[nodiscard]] bool is_same_time(const logtext::Line& line) const {
    return line.monotonic_us && monotonic_us_
               ? *line.monotonic_us == *monotonic_us_
               : (line.monotonic_us || monotonic_us_) && !wall_.empty() && line.wall == wall_;
  }
  // Of most lines both are empty, or the same.
  static void keep(std::string& kept, std::string_view now) {
    if (kept != now) {
      kept = now;
    }
  }

  // Of the line before; without a text it has no copy.
  std::string text_, host_, boot_, wall_;
  LineNumber number_ = 0;
  std::optional<std::uint64_t> monotonic_us_;
  logtext::Trust origin_;
};

}  // namespace whyoom::report
