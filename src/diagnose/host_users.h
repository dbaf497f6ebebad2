// Who has the memory of a host now: programs by name and the cgroup that holds most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "host/host.h"

namespace whyoom::diagnose {

struct MemoryUser {
  std::string name;  // fit for a terminal
  Bytes memory;      // resident; what several processes share is in each
  std::uint64_t processes = 0;
  Place at{};
};

// Programs by name, the biggest first, at most `most`. Of each process what would be freed with it
// (anonymous and shared memory) where the kernel tells it apart, else all that is resident.
std::vector<MemoryUser> biggest_programs(const host::Host& host, std::size_t most,
                                         host::Sources& sources);

// The innermost cgroup that holds at least half of what the one above it has.
std::optional<MemoryUser> biggest_cgroup(const host::Host& host);

// The process with the most resident memory.
const host::Process* biggest_process(const host::Host& host);

// What would be freed with a process.
Bytes own_memory(const host::Process& process);

}  // namespace whyoom::diagnose
