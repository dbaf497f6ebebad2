// A report says most things twice: totals and nodes and zones, free pages and the blocks that they
// are in, RAM and what the zones have of it, a cgroup's usage and its parts. A digit or half a line
// is lost easily, and the number that is left looks like any other.
#pragma once

#include "report/report.h"

namespace whyoom::memory {

// Takes out what contradicts the rest: a number that two others speak against, both where only two
// are there. Each is listed in Report::damage. True when there was any.
// Counters are printed one after the other while the machine goes on, so numbers contradict each
// other only when they are more than 5 % and 8 MiB apart; what the kernel adds up itself has to be
// exact.
bool cross_check(report::Report& report);

}  // namespace whyoom::memory
