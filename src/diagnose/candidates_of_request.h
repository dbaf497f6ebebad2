// The candidates of diagnose/candidates.h that the request decides: its size, its zones, its mark.
#pragma once

#include <string_view>

#include "diagnose/event.h"

namespace whyoom::diagnose {

struct Context;

// Memory in pieces, where a block was asked for.
void name_fragmentation(Event& event, const report::Report& report);
// Zones that a kernel of 32 bits, or a device, cannot go beyond.
void name_lowmem(Event& event, const report::Report& report);
// `cause`, as long as no zone's min is there.
void name_by_marks(Event& event, std::string_view cause);

// Of a request that failed and for which nobody was killed.
void name_failure(Event& event, const Context& context);

}  // namespace whyoom::diagnose
