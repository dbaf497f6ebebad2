// Programs and scripts that may set a sysctl although no sysctl file does: tuned's active profile,
// cloud-init, systemd units, boot scripts, cron, udev, tmpfiles.d and some more. Only what is
// written in a file can be found: a program that computes the value is not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/files.h"
#include "host/sysctl_key.h"

namespace whyoom::host {

struct SysctlSetter {
  std::string program;     // "tuned", "cloud-init", "systemd unit", "cron", ...
  std::string file;        // with all links followed; tuned: as its profile names it
  std::uint32_t line = 0;  // counts from 1
  std::string text;        // the line without the blanks around it; any bytes
};

// Every line that names the key, with dots or with slashes, and is no comment.
// tuned comes first and in the order in which its profiles are merged: the last one counts.
std::vector<SysctlSetter> find_setters(Files& files, const SysctlKey& key);

}  // namespace whyoom::host
