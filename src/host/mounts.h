// /proc/self/mountinfo, as far as this tool needs it: where the cgroup trees are mounted. Source:
// fs/proc_namespace.c show_mountinfo().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/lines.h"

namespace whyoom::host {

struct CgroupMount {
  std::string path;  // "/sys/fs/cgroup/memory"
  std::string root;  // the cgroup that is mounted there: "/" but in some containers
  bool version2 = false;
  bool memory = false, pids = false;  // version 1: its controllers
};

struct Mounts {
  std::vector<CgroupMount> cgroups;
  bool proc_seen = false;
  bool pstore = false;  // /sys/fs/pstore is mounted
};

Mounts parse_mountinfo(Lines lines);

// The mount that a file lies on, of the text of mountinfo.
struct MountOfFile {
  std::string type;   // "ext4"; empty: not known
  std::string upper;  // of an overlay that can be written: the directory that is written
};
MountOfFile mount_of(std::string_view mountinfo, std::string_view path);

}  // namespace whyoom::host
