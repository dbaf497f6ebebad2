// At which min_free_kbytes a machine starts to kill.
#pragma once

#include <optional>

#include "memory/machine.h"

namespace whyoom::memory {

// The smallest min_free_kbytes at which the next ordinary allocation finds no zone: each zone that
// it may use has no more than its mark free or reclaimable. nullopt: no value does that, or the
// zones are not known. Asked for a page of a process and for one of the kernel (GFP_KERNEL, which
// may not use HighMem and Movable); the lower answer counts.
struct OomThreshold {
  KiB value;
  bool kernel_request = false;
};
std::optional<OomThreshold> oom_threshold(const Machine& machine);

// So near to it that the next use of memory can be enough.
bool is_near(const std::optional<OomThreshold>& from, KiB value);

}  // namespace whyoom::memory
