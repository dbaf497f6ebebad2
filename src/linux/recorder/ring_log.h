// The kernel's messages in the recorder's ring, as one log for each boot. Private to log_sources.h.
#pragma once

#include <string>

#include "linux/log_sources.h"

namespace whyoom::linux {

// Nothing where there is no ring.
void read_recorder(const LogSink& sink, const std::string& path);

}  // namespace whyoom::linux
