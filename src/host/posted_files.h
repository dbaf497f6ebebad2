// Files of /proc that stand in a text: what somebody posted of a host, with the commands that
// printed them, remarks between, and a mark ("> ", "- ") before each line. Of two of the same name
// the first counts.
#pragma once

#include <memory>
#include <string_view>

#include "host/files.h"

namespace whyoom::host {

// What `free` printed stands in for a /proc/meminfo. Null: there is neither of them in it, nor a
// /proc/zoneinfo.
std::unique_ptr<Files> posted_files(std::string_view text);

}  // namespace whyoom::host
