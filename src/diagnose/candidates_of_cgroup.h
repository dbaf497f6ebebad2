// The candidates of diagnose/candidates.h where a cgroup's limit was reached.
#pragma once

#include <string_view>

#include "diagnose/event.h"

namespace whyoom::diagnose {

struct Context;

// One more, that what `decides` says would settle.
void name(Event& event, std::string_view cause, Message decides);

// One that was killed had more shared memory than memory of its own.
bool held_shmem(const report::Report& report);

// What may have filled the cgroup, where its limit, or one of several, is a candidate.
void name_fillings(Event& event, const Context& context);
// Its limit of memory and swap together (v1), which may have been the one.
void name_swap_limit(Event& event, const Context& context);

}  // namespace whyoom::diagnose
