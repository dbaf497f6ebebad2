// One of the kernel's clocks (CLOCK_MONOTONIC, ..) in milliseconds.
#pragma once

#include <cstdint>
#include <ctime>

namespace whyoom::linux {

inline std::uint64_t clock_ms(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
}

}  // namespace whyoom::linux
