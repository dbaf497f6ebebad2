// Whether a log has its newest line first, as `journalctl -r` and most web consoles give it: then
// no report in it can be put together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "logtext/line.h"

namespace whyoom::report {

class LineOrder {
 public:
  void see(const logtext::Line& line) {
    if (!line.framed || line.continued) {
      return;
    }
    if (line.monotonic_us) {
      count(time_us_ ? compare(*time_us_, *line.monotonic_us) : 0);
      time_us_ = line.monotonic_us;
    } else if (!line.wall.empty()) {
      // Texts of one form sort as the times of one month do.
      count(line.wall.size() == wall_.size() ? wall_.compare(line.wall) : 0);
      wall_.assign(line.wall);
    }
  }

  [[nodiscard]] bool newest_first() const { return back_ >= few && back_ / 8 >= forth_; }

 private:
  static constexpr std::uint64_t few = 3;  // restarts and hosts that take turns go back, too

  static int compare(std::uint64_t before, std::uint64_t now) {
    return before > now ? 1 : before < now ? -1 : 0;
  }
  void count(int order) {
    back_ += order > 0 ? 1U : 0U;
    forth_ += order < 0 ? 1U : 0U;
  }

  std::optional<std::uint64_t> time_us_;
  std::string wall_;
  std::uint64_t back_ = 0, forth_ = 0;
};

}  // namespace whyoom::report
