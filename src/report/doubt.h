// Lines that are read although others than the kernel, or than the daemon that they name, could
// have written them. Their events are put together apart and say so.
#pragma once

#include <cstdint>

#include "base/message.h"
#include "logtext/line.h"

namespace whyoom::report {

enum class Doubt : std::uint8_t {
  none,
  handed_on,  // by a program: a container's output, a collector of logs
  by_user     // another user than root or the daemon's own wrote it in the name of the daemon
};

Doubt doubt_of(const logtext::Line& line);

// For Report::unverified; empty where there is no doubt.
Message why_unverified(const logtext::Line& line);

}  // namespace whyoom::report
