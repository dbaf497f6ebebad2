// What may have been the cause where the report does not settle it, each with the line that would.
#pragma once

#include "diagnose/event.h"

namespace whyoom::diagnose {

struct Context;

// Of an event that no cause claims: names what the lines that are there leave open.
void name_candidates(Event& event, const Context& context);
// The same where most of RAM is in no counter; not where numbers of the report contradict others.
void name_uncounted(Event& event, const Context& context);

// Whoever reclaims has PF_MEMALLOC, and what it asks for may not reclaim again, whatever its flags
// say (mm/page_alloc.c __alloc_pages_slowpath()). The failure's trace begins behind all that.
bool is_within_reclaim(const report::Report& report);
// The zones' lines end before "present:" and "managed:", between which lies what a balloon took.
bool lacks_sizes(const report::Report& report);

}  // namespace whyoom::diagnose
