// vm.min_free_kbytes recovered from a report, which prints what the kernel made of it.
#pragma once

#include <optional>

#include "memory/evidence.h"

namespace whyoom::memory {

// Needs evidence.zones, ram, page and rules. nullopt when no lowmem zone tells its size.
std::optional<MinFree> recover_min_free(const Evidence& evidence);

}  // namespace whyoom::memory
