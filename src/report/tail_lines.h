// The lines behind the zones: what is in swap, and how much RAM there is.
#pragma once

#include <string_view>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind tail_line;

// The lines behind the zones: "698 total pagecache pages", "Free swap  = 0kB", "130942 pages RAM".
// A garbled line can hold two of them. True when at least one was read.
bool read_tail(std::string_view text, Place at, Tail& tail);
// Nothing stands before or behind what is said, and that is a number.
bool is_only_tail(std::string_view text);

}  // namespace whyoom::report
