// How far a verdict can be trusted, from what the report contains. docs/how-it-decides.md explains
// the numbers to the user.
#pragma once

#include <cstddef>

#include "report/report.h"

namespace whyoom::diagnose {

// 0..1: 1 for a whole, undamaged report; each of so many missing parts and each loss lowers it, and
// so does it when others than the kernel could have written the lines.
double completeness(const report::Report& report, std::size_t missing_parts);

}  // namespace whyoom::diagnose
