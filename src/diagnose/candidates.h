// What may have been the cause where the report does not settle it, each with the line that would.
#pragma once

#include "diagnose/event.h"

namespace whyoom::diagnose {

struct Context;

// Of an event that no cause claims: names what the lines that are there leave open.
void name_candidates(Event& event, const Context& context);
// The same where most of RAM is in no counter; not where numbers of the report contradict others.
void name_uncounted(Event& event, const Context& context);

}  // namespace whyoom::diagnose
