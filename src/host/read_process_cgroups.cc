// Which cgroup each process is in, by /proc/PID/cgroup. The answer names those with the most tasks
// when a limit on tasks is near or reached; to make that file costs the kernel as much as stat, so
// it is left alone where all limits are far.
#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 10U;

// Cgroup paths, each kept once. Most processes share theirs with the one before.
class PathTable {
 public:
  explicit PathTable(std::vector<std::string>& paths) : paths_(paths) {}

  std::uint32_t index(std::optional<std::string_view> path) {
    if (!path) {
      return no_cgroup;
    }
    const auto found = by_path_.find(*path);
    if (found != by_path_.end()) {
      return found->second;
    }
    const auto index = static_cast<std::uint32_t>(paths_.size());
    paths_.emplace_back(*path);
    by_path_.emplace(*path, index);
    return index;
  }

 private:
  std::vector<std::string>& paths_;
  std::map<std::string, std::uint32_t, std::less<>> by_path_;
};

// Rules tell of a limit from 80 % on, or when the kernel refused a fork.
bool is_half_full(std::uint64_t used, std::uint64_t limit) { return used >= limit / 2; }

bool is_half_full(std::uint64_t used, const Settings::Number& limit) {
  return limit && limit->value > 0 && is_half_full(used, static_cast<std::uint64_t>(limit->value));
}

bool is_half_full(const Cgroup& group) {
  const bool refused = group.pids_max_events && group.pids_max_events->value > 0;
  return refused || (group.pids_max && group.pids_max->value && group.pids_current &&
                     is_half_full(group.pids_current->value, *group.pids_max->value));
}

bool is_a_limit_near(const Host& host) {
  const Processes& processes = host.processes;
  std::uint64_t tasks = host.tasks ? host.tasks->value : 0;
  if (!host.tasks) {
    for (const Process& process : processes.all) {
      tasks += process.threads.value_or(1);
    }
  }
  return is_half_full(tasks, host.settings.pid_max) ||
         is_half_full(tasks, host.settings.threads_max) ||
         std::ranges::any_of(processes.users,
                             [](const UserTasks& user) {
                               return user.limit && is_half_full(user.threads, *user.limit);
                             }) ||
         std::ranges::any_of(processes.maps,
                             [&](const MapCount& maps) {
                               return is_half_full(maps.count, host.settings.max_map_count);
                             }) ||
         std::ranges::any_of(host.cgroups, [](const CgroupTree& tree) {
           return std::ranges::any_of(tree.groups,
                                      [](const Cgroup& group) { return is_half_full(group); });
         });
}

}  // namespace

void read_cgroups_of_processes(Reader& reader) {
  if (!is_a_limit_near(reader.host()) && !reader.options().for_capture) {
    return;
  }
  PathTable paths(reader.host().processes.cgroup_paths);
  for (Process& process : reader.host().processes.all) {
    const auto text = reader.files().read(path_of(process.pid, ProcessFile::cgroup), most_bytes);
    if (text) {
      process.pids_cgroup = paths.index(pids_cgroup(*text));
    }
  }
}

}  // namespace whyoom::host
