// vm.min_free_kbytes recovered from a report, which prints what the kernel made of it.
#pragma once

#include "memory/evidence.h"

namespace whyoom::memory {

// The setting, the kernel's own choice and the lowmem that was not printed. Needs evidence.zones,
// ram, page and rules. Nothing when no lowmem zone tells its size.
void recover_min_free(Evidence& evidence);

}  // namespace whyoom::memory
