// What of a host's files goes into a capture. Numbers of /proc and /sys go in whole; of the files
// that people and packages write, which can hold passwords, only the lines that a rule looks at.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::host {

// The contents to keep. Lines that are left out stay as empty lines, so that line numbers hold.
std::string kept_in_capture(std::string_view path, std::string contents);

}  // namespace whyoom::host
