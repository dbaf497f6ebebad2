// Who would be killed next on a host: the kernel's own score where /proc/PID/oom_score was read,
// and where that is the same (it is a number of 0 to 2000) the arithmetic behind it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"
#include "host/host.h"

namespace whyoom::memory {

struct NextVictim {
  const host::Process* process = nullptr;
  Bytes memory;            // rss, swap and page tables
  std::int64_t score = 0;  // the same in bytes, with what oom_score_adj adds or takes off
};

// At most `most`, the first to go first. Empty when no process could be read.
std::vector<NextVictim> next_victims(const host::Host& host, std::size_t most);

}  // namespace whyoom::memory
