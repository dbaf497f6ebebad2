// Two numbers of one thing in a report: the counters of each CPU lag, and the report takes a while.
#pragma once

#include <algorithm>

#include "base/units.h"

namespace whyoom::memory {

inline constexpr KiB most_drift{std::uint64_t{8} << 10U};

inline bool agree(KiB a, KiB b, KiB drift = most_drift) {
  const KiB larger = std::max(a, b);
  return larger - std::min(a, b) <= std::max(drift, larger / 20);
}

inline bool is_clearly_more(KiB a, KiB b, KiB drift = most_drift) {
  return a > b && !agree(a, b, drift);
}

}  // namespace whyoom::memory
