// Times that a user asks for, compared with those of events as far as both tell.
// A log has seconds since boot, or a wall clock in one of many spellings (often without a year or
// a zone), or nothing. Two wall clocks without a common zone are compared as they stand.
#pragma once

#include <optional>
#include <variant>

#include "logtext/wall_clock.h"
#include "report/report.h"

namespace whyoom::explain {

struct BootTime {
  double seconds = 0;  // since boot, as the kernel counts
};

using When = std::variant<BootTime, logtext::WallTime>;

// Seconds from `when` to the event (negative: the event was before); nothing when they cannot be
// compared.
std::optional<double> seconds_after(const When& when, const report::Time& event);

}  // namespace whyoom::explain
