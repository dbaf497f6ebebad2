// Times as people and logs write them, compared as far as both tell.
// A log has seconds since boot, or a wall clock in one of many spellings (often without a year or
// a zone), or nothing. Two wall clocks without a common zone are compared as they stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "report/report.h"

namespace whyoom::app {

struct WallTime {
  std::optional<int> year;
  int month = 1, day = 1, hour = 0, minute = 0;
  double second = 0;
  std::optional<int> offset_seconds;  // east of UTC
};

struct BootTime {
  double seconds = 0;  // since boot, as the kernel counts
};

using When = std::variant<BootTime, WallTime>;

// "Nov 23 07:41:32", "Mon Nov 23 07:41:32 2026", "2026-11-23T07:41:32.5+01:00", "2026-11-23 07:41",
// "1764000000.5" (seconds since 1970). Nothing when the text is none of these.
std::optional<WallTime> parse_wall(std::string_view text);

// What a user may write: the above, "12.3" or "[12.3]" (seconds since boot), "-2h" (before now;
// s, m, h, d, w). `now` is seconds since 1970.
std::optional<When> parse_when(std::string_view text, std::int64_t now);

// Seconds from `when` to the event (negative: the event was before); nothing when they cannot be
// compared.
std::optional<double> seconds_after(const When& when, const report::Time& event);

}  // namespace whyoom::app
