// A host as its files would read with another value of one setting, so that the rules of a check
// can be asked before anything is changed. The arithmetic is that of what-if.
#pragma once

#include <string_view>

#include "host/host.h"
#include "memory/host_state.h"

namespace whyoom::memory {

// The running value, and what follows from it: the marks of the zones, free and available memory,
// the pool of huge pages. A key that no rule looks at, and a value that is no number, change
// nothing. Counters of what has happened, and who uses memory, stay as they are.
host::Host host_with(const HostState& state, std::string_view key, std::string_view value);

}  // namespace whyoom::memory
