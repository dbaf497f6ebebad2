// The candidates of diagnose/candidates.h where the lines that are there count parts of RAM, and
// those that would settle it are lost.
#pragma once

#include <optional>
#include <set>

#include "diagnose/event.h"

namespace whyoom::diagnose {

// In huge pages; of these nodes alone, where some are named.
Bytes set_aside(const report::Report& report, const std::optional<std::set<int>>& nodes = {});
// What has a big share of the account, which is there. `lost` would settle it.
void name_by_account(Event& event, const Message& lost);
// Every zone was at its mark, and lines are lost. Without the size of RAM, which a post that ends
// behind the zones lacks, it is that of the printed zones. Without the counters of Mem-Info, behind
// which others begin, the zones count what is on the lists of pages, and the rest is known as one.
void name_by_parts(Event& event, const report::Report& report);
// The same by the counters of Mem-Info, where the zones do not tell how much RAM there is: it is
// not less than they add up to.
void name_by_counters(Event& event, const report::Report& report);

}  // namespace whyoom::diagnose
