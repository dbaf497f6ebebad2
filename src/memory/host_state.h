// A host, made into numbers that rules can use: its zones as an ordinary request sees them, the
// setting behind the watermarks against the kernel's own choice, and what that takes away.
// Everything that the host's files do not support stays empty.
#pragma once

#include <optional>

#include "host/host.h"
#include "memory/account.h"
#include "memory/machine.h"
#include "memory/oom_threshold.h"
#include "memory/whatif.h"

namespace whyoom::memory {

struct HostState {
  const host::Host* host = nullptr;
  Machine machine;  // with the request of a process for one page (GFP_HIGHUSER_MOVABLE)
  std::optional<Account> account;
  std::optional<Bytes> ram, free, available;    // MemTotal, MemFree, MemAvailable
  std::optional<Bytes> available_with_default;  // as MemAvailable would be
  std::optional<WhatIf> with_default;           // vm.min_free_kbytes = the kernel's choice
  std::optional<OomThreshold> kills_from;       // as the host is now
};

// The zones and settings alone, with the kernel's own choice.
Machine machine_of(const host::Host& host);
// The state points into the host; the host must outlive it.
HostState state_of(const host::Host& host);

// How much of MemTotal is used, 0..1.
struct UsedShares {
  std::optional<double> by_available;  // MemTotal - MemAvailable
  // As the runbooks of cloud vendors count it: MemTotal - MemFree - Buffers - Cached - SReclaimable
  // + Shmem. It takes free memory for usable.
  std::optional<double> by_console;
};
UsedShares used_shares(const host::Host& host);

// MemAvailable as it would be after a what-if that moves no memory.
std::optional<Bytes> available_after(const HostState& state, const WhatIf& change);

}  // namespace whyoom::memory
