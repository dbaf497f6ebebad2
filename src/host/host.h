// A host as its files describe it: nothing is computed here, every field is optional, and each
// number knows the file and line where it was read. What could not be read is a Gap that says what
// stays open; what could be read but made no sense is a Damage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/place.h"
#include "base/units.h"
#include "host/accounts.h"
#include "host/cgroups.h"
#include "host/config_files.h"
#include "host/counters.h"
#include "host/files.h"
#include "host/lines.h"
#include "host/meminfo.h"
#include "host/mounts.h"
#include "host/network.h"
#include "host/process.h"
#include "host/settings.h"
#include "host/slabinfo.h"
#include "host/sources.h"
#include "host/system_files.h"
#include "host/zoneinfo.h"

namespace whyoom::host {

struct Gap {
  FileError::Kind kind = FileError::Kind::failed;
  std::string path;     // what could not be read; made printable
  Message why;          // "no access to /proc/slabinfo (needs root)"
  Message leaves_open;  // "the biggest slab caches are not known"
  // Both, as one sentence without its full stop.
  [[nodiscard]] std::string str() const;
};

struct HugePool {
  KiB page_size;
  Maybe<std::uint64_t> total, free, reserved, surplus, overcommit;  // pages of that size
};

// Tasks of one real user.
struct UserTasks {
  std::uint32_t uid = 0;
  std::uint64_t threads = 0;
  // The lowest RLIMIT_NPROC among those of the user's processes that were asked (see ReadOptions).
  std::optional<std::int32_t> limit_pid;
  std::optional<std::uint64_t> limit;
  UserAccount account;  // of the users whose limit was asked
};

// Mappings of one process, against vm.max_map_count.
struct MapCount {
  std::int32_t pid = 0;
  SmallText comm;
  std::uint64_t count = 0;
};

// The limits of one process that has much of what they limit.
struct ProcessLimits {
  std::int32_t pid = 0;
  SmallText comm;
  std::optional<std::uint32_t> uid;
  std::optional<KiB> size, locked;
  std::optional<std::uint64_t> address_space, locked_memory;
};

// A process whose children begin in another PID namespace than its own (setns() or unshare()
// without a fork).
struct PidNamespaceUser {
  std::int32_t pid = 0;
  SmallText comm;
  std::uint64_t own = 0, of_children = 0;  // inode numbers, as /proc/PID/ns/* name them
  bool inhabited = false;                  // a process that was seen is in the one of its children
};

struct Processes {
  std::vector<Process> all;
  std::vector<std::string> cgroup_paths;  // as /proc/PID/cgroup names them
  std::vector<UserTasks> users;           // the most threads first
  std::vector<MapCount> maps;             // of the processes with the most threads
  std::vector<ProcessLimits> limits;      // of those with most address space or locked memory
  std::vector<PidNamespaceUser> pid_namespaces;  // at most 64
  bool pid_namespaces_whole = true;              // of no process it stayed unknown
  std::uint64_t vanished = 0;                    // ended while they were read
  std::uint64_t denied = 0;                      // could not be read
  bool cut = false;                              // there were more than ReadOptions::most_processes
  [[nodiscard]] std::string_view cgroup_path(std::uint32_t index) const {
    return index < cgroup_paths.size() ? std::string_view(cgroup_paths[index]) : std::string_view();
  }
};

// What an administrator set for the number of tasks.
struct TaskLimitFiles {
  std::vector<NprocLine> nproc;   // limits.conf, then limits.d; the last that matches counts
  std::vector<TasksMax> systemd;  // defaults: DefaultTasksMax=, UserTasksMax=; the last counts
  std::vector<TasksMax> units;    // of units that are full or nearly so: the setting that wins
};

// What would be left after a crash or a restart.
struct KeptEvidence {
  Maybe<std::string> journal_storage;      // Storage= of journald.conf as it wins; empty = "auto"
  std::optional<bool> persistent_journal;  // a file of it is below /var/log/journal
  std::optional<bool> syslog_files;        // /var/log/messages, syslog or kern.log is there
  std::optional<bool> pstore_mounted;
  Maybe<std::string> pstore_backend;                          // "efi", "ramoops"; "" = none
  Maybe<std::uint64_t> kexec_crash_loaded, kexec_crash_size;  // the size in bytes
};

// What `ulimit -a` printed of the shell of somebody who posted it. UINT64_MAX: unlimited.
struct ShellLimits {
  Maybe<std::uint64_t> tasks, open_files, address_space, locked_memory;  // the last two in bytes
  Maybe<std::uint64_t> refused;  // a fork that failed with EAGAIN, in the same text
  bool of_root = false;
};

struct Host {
  Sources sources;

  Maybe<std::string> release;  // "6.12.117+deb12-cloud-amd64"
  CommandLine command_line;
  // What the numbers agree on, or the caller's own.
  std::optional<PageSize> page_size;

  Meminfo meminfo;
  Vmstat vmstat;
  std::vector<Zone> zones;
  std::vector<SlabCache> slab;
  ZfsArc zfs_arc;
  Maybe<std::uint64_t> tasks;  // every thread on the machine, also those a container cannot see
  std::vector<HugePool> huge_pools;
  Maybe<std::string> transparent_huge;  // "always", "madvise", "never"
  Settings settings;
  Network network;

  Mounts mounts;
  std::vector<CgroupTree> cgroups;
  Processes processes;

  TaskLimitFiles task_limits;
  Kubelet kubelet;
  Maybe<std::string> tuned_profile;
  KeptEvidence kept;

  std::vector<std::string> posted;  // see ReadOptions
  std::optional<ShellLimits> shell;
  std::vector<Gap> gaps;
  std::vector<Damage> damage;
};

}  // namespace whyoom::host
