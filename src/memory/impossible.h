// Numbers that no kernel prints, each by itself or beside one other: they are taken out.
#pragma once

#include "base/units.h"
#include "report/report.h"

namespace whyoom::memory {

// True when there was one; each is listed as damage. A report that is of a cgroup and of the
// machine at once is two: nothing of it is taken out.
bool take_out_impossible(report::Report& report, PageSize page);

}  // namespace whyoom::memory
