// What else of a host would know of an event that stands in a text log. In such a log any program
// can write under the kernel's name (`logger -t kernel`); the ring buffer, the journal's kernel
// messages and the kernel's counters it cannot write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/message.h"
#include "report/same_event.h"

namespace whyoom::report {

// A log that only the kernel writes, and from when to when it holds all that the kernel printed.
struct Witness {
  std::string name;                     // "/dev/kmsg"
  std::int64_t from_us = 0, to_us = 0;  // since 1970
  bool has_killers = false;  // what daemons that kill write, too: the journal, by their units
};

struct Witnesses {
  std::vector<Witness> logs;
  std::string host;                       // this host's own name; empty: not known
  std::optional<std::int64_t> booted_us;  // since 1970; not before the boot
  std::optional<std::uint64_t> kills;     // oom_kill of /proc/vmstat: since the boot
};

// "not confirmed by /dev/kmsg, which ...", when one of them would know of the event and does not.
// Empty when it is confirmed (EventCopy::by_kernel), or when none of them reaches it: that proves
// nothing. `clock_is_sure`: the wall clock of its log needs no zone, or the zone is known.
Message not_confirmed(const EventCopy& event, bool clock_is_sure, const Witnesses& witnesses);

}  // namespace whyoom::report
