// One of the kernel's clocks (CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, ..).
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

namespace whyoom::linux {

inline std::chrono::nanoseconds clock_now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

inline std::uint64_t clock_ms(clockid_t clock) {
  return static_cast<std::uint64_t>(clock_now(clock) / std::chrono::milliseconds(1));
}

}  // namespace whyoom::linux
