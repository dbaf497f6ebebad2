// Who reads the sysctl files when the host boots. Private to this layer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/files.h"
#include "host/sysctl_path.h"

namespace whyoom::host {

struct SysctlBootReader {
  SysctlBoot reader = SysctlBoot::systemd_sysctl;
  std::string other_command;  // as in SysctlHistory
  bool masked_by_command_line = false;
};

// Source: systemd.unit(5), systemd-debug-generator(8). What a reboot makes anew in /run is not
// looked at, but for /run/systemd/system.
SysctlBootReader boot_reader_of(Files& files, std::string_view command_line,
                                std::vector<SysctlGap>& gaps);

}  // namespace whyoom::host
