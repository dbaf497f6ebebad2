// The kernel's score of any row of the task table (badness.h ranks only the few that matter).
#pragma once

#include <cstdint>
#include <optional>

#include "memory/evidence.h"

namespace whyoom::memory {

// What the kernel weighed of this process when it chose: pages, or thousandths. Empty: it is never
// killed, or the ranking does not know what its oom_score_adj weighs.
std::optional<std::int64_t> score_of(const Evidence& evidence, const TaskUse& use);

}  // namespace whyoom::memory
