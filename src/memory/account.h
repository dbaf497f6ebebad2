// Where RAM went: the counters of Mem-Info, sorted into lines that add up to the managed RAM.
#pragma once

#include <optional>

#include "memory/evidence.h"

namespace whyoom::memory {

// nullopt unless every counter that the sum needs was printed: a missing line would show up as
// memory that nobody accounts for. Needs evidence.page and ram or zones.
std::optional<Account> account_of(const report::Report& report, const Evidence& evidence);

}  // namespace whyoom::memory
