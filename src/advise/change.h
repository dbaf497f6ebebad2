// What a fix changes on a machine: whole contents of files and running values, before and after.
// Pure data, so that it can be shown, kept, applied, and reversed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/sysctl_key.h"

namespace whyoom::advise {

// The content of a regular file; nullopt = there is no such file.
struct FileEdit {
  std::string path;  // absolute, with all links followed
  std::optional<std::string> before, after;
};

// A value below /proc/sys, as text without the newline at its end.
struct RunningEdit {
  host::SysctlKey key;
  std::string before, after;
};

struct Change {
  std::vector<FileEdit> files;
  std::vector<RunningEdit> running;  // written in this order, after the files
  [[nodiscard]] bool empty() const { return files.empty() && running.empty(); }
};

// What takes it back: before and after change places, the last step comes first.
Change reversed(const Change& change);

}  // namespace whyoom::advise
