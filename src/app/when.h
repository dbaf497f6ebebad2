// Times as people and logs write them, compared as far as both tell.
// A log has seconds since boot, or a wall clock in one of many spellings (often without a year or
// a zone), or nothing. Two wall clocks without a common zone are compared as they stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "logtext/wall_clock.h"
#include "report/report.h"

namespace whyoom::app {

using logtext::WallTime;

struct BootTime {
  double seconds = 0;  // since boot, as the kernel counts
};

using When = std::variant<BootTime, WallTime>;

// What a user may write: all that logtext::parse_wall() reads, "12.3" or "[12.3]" (seconds since
// boot), "-2h" or "2 hours ago" (s, m, h, d, w), "05:00" (today), "today" and "yesterday" (their
// midnight), "last night" (18:00), "last week" (seven days ago). `now` is seconds since 1970; the
// zone is this machine's.
std::optional<When> parse_when(std::string_view text, std::int64_t now);

// Seconds from `when` to the event (negative: the event was before); nothing when they cannot be
// compared.
std::optional<double> seconds_after(const When& when, const report::Time& event);

}  // namespace whyoom::app
