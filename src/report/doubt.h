// Lines that are read although others than the kernel, or than the daemon that they name, could
// have written them. Their events are put together apart and say so.
#pragma once

#include "base/message.h"
#include "logtext/line.h"

namespace whyoom::report {

// A program handed the line on (a container's output, a collector of logs), or another user than
// root or the daemon's own wrote it in the name of the daemon.
bool is_doubtful(const logtext::Line& line);

// For Report::unverified; empty where there is no doubt.
Message why_unverified(const logtext::Line& line);

}  // namespace whyoom::report
