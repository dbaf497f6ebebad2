// Who besides root may write a file. A directory that others can write holds what they want.
#pragma once

#include <string>
#include <string_view>

#include "host/files.h"

namespace whyoom::host {

// "user 1000", "group 50", "everybody", "whoever its access control list names"; empty: nobody.
std::string other_writers(const FileStatus& status);

// The first of `path` (all links followed) and the directories above it that others can write. What
// is not known counts as root's own.
struct OpenToOthers {
  std::string path;
  std::string who;  // empty: nobody can
};
OpenToOthers open_to_others(Files& files, std::string_view path);

}  // namespace whyoom::host
