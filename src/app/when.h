// Times as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "explain/when.h"

namespace whyoom::app {

using explain::BootTime;
using explain::When;
using logtext::WallTime;

// What a user may write: all that logtext::parse_wall() reads, "12.3" or "[12.3]" (seconds since
// boot), "-2h" or "2 hours ago" (s, m, h, d, w), "05:00" (today), "today" and "yesterday" (their
// midnight), "last night" (18:00), "last week" (seven days ago). `now` is seconds since 1970; the
// zone is this machine's.
std::optional<When> parse_when(std::string_view text, std::int64_t now);

}  // namespace whyoom::app
