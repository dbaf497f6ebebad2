// One cgroup, of version 1 or 2, as its files say it. Source: mm/memcontrol.c,
// kernel/cgroup/pids.c; Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"
#include "host/system_files.h"

namespace whyoom::host {

struct Cgroup {
  std::uint32_t path = 0;               // index into CgroupTree::paths
  std::optional<std::uint32_t> parent;  // index into CgroupTree::groups
  std::uint16_t depth = 0;              // 0 = the top that is mounted

  Maybe<Bytes> current;
  Maybe<std::optional<Bytes>> max;   // a limit is nullopt = unlimited
  Maybe<std::optional<Bytes>> high;  // version 2
  Maybe<std::uint64_t> high_events;  // times that a task was slowed down for it
  Maybe<double> stalled;             // of memory.pressure, of a group with memory.high
  // Of memory.events (with the children since 5.2) or memory.oom_control (since 4.13).
  Maybe<std::uint64_t> oom_kill;
  Maybe<std::uint64_t> descendants, dying_descendants;  // cgroup.stat

  Maybe<std::uint64_t> pids_current;
  Maybe<std::optional<std::uint64_t>> pids_max;
  Maybe<std::uint64_t> pids_max_events;
};

// One mounted hierarchy.
struct CgroupTree {
  bool version2 = false;
  bool memory = false, pids = false;  // has the controller
  std::string mount, root;            // see CgroupMount
  // As /proc/PID/cgroup names them: "/system.slice/a.service".
  std::vector<std::string> paths;
  std::vector<Cgroup> groups;  // a parent stands before its children
  bool cut = false;            // there are more cgroups than were read

  [[nodiscard]] std::string_view path_of(const Cgroup& group) const { return paths[group.path]; }
};

// "max" or a number.
Maybe<std::optional<std::uint64_t>> parse_max_or_number(Lines lines);
Maybe<std::optional<Bytes>> parse_max_or_bytes(Lines lines);
// The number of that name in a file of "name number" lines.
Maybe<std::uint64_t> parse_named_number(Lines lines, std::string_view name);

}  // namespace whyoom::host
