// vm.min_free_kbytes recovered from a report, which prints what the kernel made of it.
#pragma once

#include <optional>

#include "memory/evidence.h"

namespace whyoom::memory {

// Needs evidence.zones, ram, page and rules. nullopt when no lowmem zone tells its size.
std::optional<MinFree> recover_min_free(const Evidence& evidence);

// The zone with another min_free_kbytes: its min, low and high scaled by the same share.
// `factor` = new value / old value.
Pages scaled_min(const ZoneState& zone, double factor);

// Whether the request that failed would have passed in this zone with that factor.
// `comfortably`: also above the high mark, which the last attempt before a kill asks for.
bool would_pass(const ZoneState& zone, double factor, bool comfortably);

}  // namespace whyoom::memory
