// How far a log reaches: the time stamps of its first and last lines that have one. Only the first
// and the last few KiB are looked at, so it costs nothing in a big log.
#pragma once

#include <string>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

class LogSpan {
 public:
  void feed(std::string_view chunk);

  struct Ends {
    Time from, to;  // without any clock where the log has none
    std::string first_boot, last_boot;
  };
  [[nodiscard]] Ends ends() const;

 private:
  static constexpr std::size_t head_size = std::size_t{16} << 10U;
  static constexpr std::size_t tail_size = std::size_t{16} << 10U;

  std::string head_;
  std::string tail_;
  bool tail_is_cut_ = false;  // the tail begins inside of a line
};

}  // namespace whyoom::report
