// The files that a fix may change, and what an errno means to the person at the keyboard.
#pragma once

#include <string>
#include <string_view>

#include "base/shell.h"

namespace whyoom::fix {

// A plain path of a file that a fix may change.
bool is_settings_path(std::string_view path);

// "`df -h /etc`" for a message; <path> stands where no command can have the name.
std::string command_on(ShellPattern<ShellOperand> pattern, std::string_view path);
// What stands in the way, with what to do about it: "the file system is read-only. ..."
std::string why_not(std::string_view path, int error);
// "/etc/sysctl.conf cannot be changed: the file system is read-only. ..."
std::string cannot_change(std::string_view path, int error);

}  // namespace whyoom::fix
