// What this program was built of: for `whyoom --version`, and whoever gets a report of a fault.
#pragma once

#include <string>

namespace whyoom::app {

// Lines, each ended: the version with the commit, then what differs from build to build.
std::string version_text();

}  // namespace whyoom::app
