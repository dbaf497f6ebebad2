// How many tasks a host has against each limit that a fork or a new thread can run into.
// Sources: kernel/fork.c copy_process(), kernel/pid.c alloc_pid(), kernel/cgroup/pids.c, mm/mmap.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "host/facts.h"

namespace whyoom::diagnose {

struct TaskLimit {
  enum class Kind : std::uint8_t {
    pid_max,
    threads_max,
    rlimit_nproc,
    cgroup_pids_max,
    max_map_count
  };
  Kind kind = Kind::pid_max;
  std::string
      name;  // "kernel.pid_max", "pids.max of /system.slice/a.service", "RLIMIT_NPROC of uid 1000"
  std::uint64_t limit = 0;
  std::optional<std::uint64_t> used;  // tasks; for max_map_count mappings of one process
  std::string where;                  // the file that says the limit
  std::string_view error;             // what the system call returns: "EAGAIN"
  std::string whose;                  // cgroup path, "uid 1000", "java (pid 12)"; empty = the host
  Place at{};
  [[nodiscard]] double filled() const {
    return used && limit > 0 ? static_cast<double>(*used) / static_cast<double>(limit) : 0;
  }
};

// The fullest first. Of the users and cgroups those that are at least a quarter full, and in any
// case the fullest one of each.
std::vector<TaskLimit> task_limits(const host::HostFacts& facts);

// Every thread of the host.
std::optional<std::uint64_t> thread_count(const host::Host& host);

}  // namespace whyoom::diagnose
