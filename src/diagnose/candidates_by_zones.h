// The candidates of diagnose/candidates.h where only lines of zones tell what memory was used for.
#pragma once

#include <cstdint>

#include "diagnose/event.h"

namespace whyoom::diagnose {

// No zone of those that are there had more than its high mark, whatever was asked for.
bool have_nothing_left(const memory::Evidence& evidence);

enum class WhoseZones : std::uint8_t { machine, request };  // of the nodes that it may use
// Then what holds them is why: `decides` would settle it. Nothing where they are not most of RAM,
// or the machine had more free elsewhere.
void name_by_zones(Event& event, WhoseZones whose, const Message& decides);

// A printout of memory, which nobody knows the reason of: what would have been the cause if a
// request failed.
void name_printout(Event& event);

}  // namespace whyoom::diagnose
