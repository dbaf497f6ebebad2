// How far the reading of logs is, on standard error while nothing else is to be seen: a line that
// is drawn again and again, on a terminal alone, from a second of work on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "linux/output.h"

namespace whyoom::app {

class Progress {
 public:
  // `total`: bytes of all inputs; 0 = not known.
  Progress(linux::Output& errors, bool wanted, std::uint64_t total);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t done, std::uint64_t events);
  // For good: something else is written now.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  linux::Output& errors_;
  bool wanted_, drawn_ = false;
  std::uint64_t total_;
  Clock::time_point begin_ = Clock::now(), next_ = begin_ + std::chrono::seconds(1);
};

// "45 %, 1.2 of 2.6 GiB, 890 MiB/s, 3 events, 2 s left"
std::string progress_text(std::uint64_t done, std::uint64_t total, double seconds,
                          std::uint64_t events);

}  // namespace whyoom::app
