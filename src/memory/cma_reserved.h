// The number of reserved pages of a kernel that took those of CMA from it.
#pragma once

#include "base/units.h"
#include "report/report.h"

namespace whyoom::memory {

// Kernels of 3.19 to 4.x print the reserved pages less those of CMA, which are not among them
// (lib/show_mem.c): too few, and with a large CMA a number below zero, in 32 or 64 bits. It is put
// right where it then is, to a page for each zone, what the zones do not manage.
void put_cma_back(report::Report& report, PageSize page);

}  // namespace whyoom::memory
