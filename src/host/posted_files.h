// What a text shows of a host: somebody posted it, with the commands that printed it, remarks
// between, and a mark ("> ", "- ") before each line. Files of /proc, /sys/fs/cgroup and /proc/sys,
// and what commands tell of them: `free`, `top`, `systemctl status`, `slabtop`, `ps -eLf | wc -l`;
// and of a shell: `ulimit -a`.
// Of what is shown more than once the last counts, and nothing of a moment before it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/files.h"
#include "host/host.h"

namespace whyoom::host {

struct Posted {
  std::unique_ptr<Files> files;    // null: no memory, zones, tasks, cgroup or limit is in the text
  std::vector<std::string> names;  // of what was read: "free", "systemctl status a.service"
  std::vector<Gap> left_out;       // of other moments
  std::optional<ShellLimits> shell{};
};
Posted posted_files(std::string_view text);

}  // namespace whyoom::host
