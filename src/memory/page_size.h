// The page size of the machine that printed the report. No report names it.
#pragma once

#include <optional>

#include "base/units.h"
#include "report/report.h"

namespace whyoom::memory {

// From the smallest block of a buddy line ("1*64kB"), else from a counter that is printed both in
// pages (totals) and in kB (nodes or zones), else from the victim's task row (pages) and its kill
// line (kB), else from the release's name ("...-64k").
std::optional<PageSize> find_page_size(const report::Report& report);

}  // namespace whyoom::memory
