// Whether a log has its newest line first, as `journalctl -r` and most web consoles give it: then
// no report in it can be put together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logtext/line.h"

namespace whyoom::report {

class LineOrder {
 public:
  void see(const logtext::Line& line) {
    if (!line.framed || line.continued) {
      return;
    }
    see_kill(line.text);
    // The wall clock goes on where that of the kernel begins again.
    if (!line.wall.empty()) {
      step(wall_, line.wall);
    } else if (line.monotonic_us) {
      const std::uint64_t before = time_us_.value_or(*line.monotonic_us);
      back_ += before > *line.monotonic_us ? 1U : 0U;
      forth_ += before < *line.monotonic_us ? 1U : 0U;
      time_us_ = line.monotonic_us;
    }
  }

  [[nodiscard]] bool newest_first() const { return back_ >= few && back_ / 8 >= forth_; }

 private:
  static constexpr std::uint64_t few = 3;  // restarts and hosts that take turns go back, too

  // Times of a second do not tell. The kernel says whom it chose right before it says that it
  // killed.
  void see_kill(std::string_view text) {
    if (text.empty() || std::string_view("oOM").find(text.front()) == std::string_view::npos) {
      return killed_.clear();  // most lines
    }
    constexpr std::string_view killed = "Killed process ";
    if (!killed_.empty() && text.starts_with("oom-kill:constraint=") &&
        text.find(",pid=" + killed_ + ',') != std::string_view::npos) {
      back_ += few;
    }
    killed_.clear();
    if (text.starts_with("Out of memory: K") ||
        text.starts_with("Memory cgroup out of memory: K")) {
      const std::size_t pid =
          std::min(text.find(killed), text.size() - killed.size()) + killed.size();
      killed_ = text.substr(pid, text.find(' ', pid) - pid);
    }
  }

  // Texts of one day sort as its times do; of other days only those that begin with the year.
  void step(std::string& before, std::string_view now) {
    if (now == before) {
      return;  // most lines
    }
    constexpr std::size_t day = sizeof "Nov 29" - 1;
    const bool iso = !now.empty() && now.front() >= '0' && now.front() <= '9';
    if (now.size() == before.size() && (iso || now.starts_with(before.substr(0, day)))) {
      back_ += now < before ? 1U : 0U;
      forth_ += now > before ? 1U : 0U;
    } else if (!before.empty()) {
      ++forth_;  // not known, so no witness for it
    }
    before.assign(now);
  }

  std::string wall_, killed_;
  std::optional<std::uint64_t> time_us_;
  std::uint64_t back_ = 0, forth_ = 0;
};

// The lines of a text, the last one first.
inline std::string turned(std::string_view text) {
  std::string lines;
  lines.reserve(text.size() + 1);
  while (!text.empty()) {
    text.remove_suffix(text.ends_with('\n') ? 1 : 0);
    const std::size_t begin = text.rfind('\n') + 1;  // npos + 1 is 0
    lines.append(text.substr(begin)).push_back('\n');
    text = text.substr(0, begin);
  }
  return lines;
}

}  // namespace whyoom::report
