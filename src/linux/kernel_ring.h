// The kernel's ring buffer of this machine: /dev/kmsg, or the system call syslog where that cannot
// be opened. Private to log_sources.h.
#pragma once

#include <string>

#include "linux/log_sources.h"

namespace whyoom::linux {

void read_kernel_ring(const LogSink& sink, const std::string& kmsg = "/dev/kmsg");

}  // namespace whyoom::linux
