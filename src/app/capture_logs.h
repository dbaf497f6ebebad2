// The logs of a host on their way into a capture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/host_root.h"
#include "host/host_names.h"
#include "linux/capture_file.h"

namespace whyoom::app {

// Writes an excerpt of each log that `whyoom` reads on that host (report/log_excerpt.h), and the
// index of them. `names`, when there are any, learns the hosts that the logs name, and replaces
// them. Returns of how many something was kept; what could not be read or had no room goes to
// `gaps`.
std::uint64_t capture_logs(const HostRoot& root, host::HostNames* names,
                           linux::CaptureFile& archive, std::vector<std::string>& gaps);

}  // namespace whyoom::app
