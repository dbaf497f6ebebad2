// The journal of this machine, by journalctl. Private to log_sources.h.
#pragma once

#include "linux/log_sources.h"

namespace whyoom::linux {

void read_journal(const LogSink& sink, const LogLimits& limits);

}  // namespace whyoom::linux
