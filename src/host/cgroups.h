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

namespace whyoom::host {

// A limit as a file says it. Version 1 writes "unlimited" as the largest number of whole pages.
template <class T>
struct Limit {
  std::optional<T> value;  // nullopt = unlimited
  friend bool operator==(const Limit&, const Limit&) = default;
};
using ByteLimit = Limit<Bytes>;
using CountLimit = Limit<std::uint64_t>;

// memory.stat, with the children. Version 1 names are mapped: cache is file, rss is anon; its
// total_* (with the children) win over the cgroup's own.
struct CgroupStat {
  Maybe<Bytes> anon, file, kernel, kernel_stack, pagetables, sec_pagetables, percpu, sock, vmalloc;
  Maybe<Bytes> shmem, zswap, zswapped, file_mapped, file_dirty, file_writeback, swap_cached, swap;
  Maybe<Bytes> anon_thp, inactive_anon, active_anon, inactive_file, active_file, unevictable;
  Maybe<Bytes> slab, slab_reclaimable, slab_unreclaimable;
  Maybe<Bytes> hierarchical_limit, hierarchical_memsw_limit;  // version 1: the lowest on the way up
};

// memory.events (with the children since 5.2) and memory.oom_control.
struct CgroupEvents {
  Maybe<std::uint64_t> low, high, max, oom, oom_kill, oom_group_kill;
};

struct MemoryCounter {  // version 1
  Maybe<Bytes> usage, peak;
  Maybe<ByteLimit> limit;
  Maybe<std::uint64_t> failcnt;
};

struct Cgroup {
  std::uint32_t path = 0;               // index into CgroupTree::paths
  std::optional<std::uint32_t> parent;  // index into CgroupTree::groups
  std::uint16_t depth = 0;              // 0 = the top that is mounted

  // Memory: both versions where they have the same thing.
  Maybe<Bytes> current, peak;
  Maybe<ByteLimit> max;
  Maybe<ByteLimit> high;           // version 2
  Maybe<Bytes> low, min;           // version 2: protected; UINT64_MAX = "max"
  Maybe<Bytes> swap_current;       // version 2: swap alone
  Maybe<ByteLimit> swap_max;       // version 2: swap alone
  MemoryCounter memsw, kmem, tcp;  // version 1: memory+swap, kernel memory, TCP buffers
  Maybe<std::uint64_t> failcnt;    // version 1
  Maybe<bool> oom_group;           // version 2
  Maybe<bool> oom_kill_disabled;   // version 1
  CgroupStat stat;
  CgroupEvents events;
  Maybe<std::uint64_t> swap_max_events, swap_fail_events;
  Maybe<std::uint64_t> descendants, dying_descendants;  // cgroup.stat

  Maybe<std::uint64_t> pids_current;
  Maybe<CountLimit> pids_max;
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

// "max" or a number of bytes.
Maybe<ByteLimit> parse_byte_limit(Lines lines);
Maybe<CountLimit> parse_count_limit(Lines lines);
CgroupStat parse_cgroup_stat(Lines lines);
CgroupEvents parse_cgroup_events(Lines lines);
// The number of that name in a file of "name number" lines.
Maybe<std::uint64_t> parse_named_number(Lines lines, std::string_view name);

}  // namespace whyoom::host
