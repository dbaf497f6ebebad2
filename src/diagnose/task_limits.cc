#include "diagnose/task_limits.h"

#include <algorithm>

#include "base/language.h"
#include "base/text.h"
#include "kernel/release.h"

namespace whyoom::diagnose {

namespace {

using Kind = TaskLimit::Kind;

constexpr double worth_showing = 0.25;
constexpr std::size_t most_of_a_kind = 5;

// ENOMEM until 4.0; EAGAIN since 35f71bc0a09a "fork: report pid reservation failure properly"
// (4.1). el7 (3.10) has the old one.
std::string_view pid_max_error(const host::Host& host) {
  const auto release = host.release ? kernel::parse_release(host.release->value) : std::nullopt;
  return release && !release->at_least(4, 1) ? "ENOMEM" : "EAGAIN";
}

void add_sysctl(std::vector<TaskLimit>& limits, const host::Host& host, Kind kind,
                std::string_view key, const host::Settings::Number& value, std::string_view error) {
  if (!value || value->value <= 0) {
    return;
  }
  TaskLimit limit;
  limit.kind = kind;
  limit.name = key;
  limit.limit = static_cast<std::uint64_t>(value->value);
  limit.used = thread_count(host);
  limit.where = host.sources.name(value->at.source);
  limit.error = error;
  limit.at = value->at;
  limits.push_back(std::move(limit));
}

// uid 0 is not bound by RLIMIT_NPROC (CAP_SYS_RESOURCE).
std::vector<TaskLimit> of_users(const host::Host& host) {
  std::vector<TaskLimit> limits;
  for (const host::UserTasks& user : host.processes.users) {
    if (user.uid == 0 || !user.limit) {
      continue;
    }
    TaskLimit limit;
    limit.kind = Kind::rlimit_nproc;
    limit.whose = "uid " + std::to_string(user.uid);
    limit.name = tr("RLIMIT_NPROC of {}", limit.whose);
    limit.limit = *user.limit;
    limit.used = user.threads;
    limit.where =
        user.limit_pid ? host::path_of(*user.limit_pid, host::ProcessFile::limits) : std::string();
    limit.error = "EAGAIN";
    limits.push_back(std::move(limit));
  }
  return limits;
}

std::vector<TaskLimit> of_cgroups(const host::Host& host) {
  std::vector<TaskLimit> limits;
  for (const host::CgroupTree& tree : host.cgroups) {
    for (const host::Cgroup& group : tree.groups) {
      if (!group.pids_max || !group.pids_max->value || !group.pids_current) {
        continue;
      }
      TaskLimit limit;
      limit.kind = Kind::cgroup_pids_max;
      limit.whose = printable(tree.path_of(group));
      limit.name = tr("pids.max of {}", limit.whose);
      limit.limit = *group.pids_max->value;
      limit.used = group.pids_current->value;
      limit.where = host.sources.name(group.pids_max->at.source);
      limit.error = "EAGAIN";
      limit.at = group.pids_max->at;
      limits.push_back(std::move(limit));
    }
  }
  return limits;
}

std::vector<TaskLimit> of_maps(const host::Host& host) {
  std::vector<TaskLimit> limits;
  const auto& most = host.settings.max_map_count;
  if (!most || most->value <= 0) {
    return limits;
  }
  for (const host::MapCount& process : host.processes.maps) {
    TaskLimit limit;
    limit.kind = Kind::max_map_count;
    limit.whose = tr("{} (pid {})", printable(process.comm.view()), std::to_string(process.pid));
    limit.name = tr("vm.max_map_count for {}", limit.whose);
    limit.limit = static_cast<std::uint64_t>(most->value);
    limit.used = process.count;
    limit.where = host.sources.name(most->at.source);
    limit.error = "ENOMEM";
    limit.at = most->at;
    limits.push_back(std::move(limit));
  }
  return limits;
}

void add_fullest(std::vector<TaskLimit>& limits, std::vector<TaskLimit> more) {
  std::ranges::stable_sort(more, std::greater{}, &TaskLimit::filled);
  for (std::size_t i = 0; i < more.size() && i < most_of_a_kind; ++i) {
    if (i == 0 || more[i].filled() >= worth_showing) {
      limits.push_back(std::move(more[i]));
    }
  }
}

}  // namespace

std::optional<std::uint64_t> thread_count(const host::Host& host) {
  if (host.tasks) {
    return host.tasks->value;
  }
  std::uint64_t sum = 0;
  for (const host::Process& process : host.processes.all) {
    sum += process.threads.value_or(1);
  }
  return sum > 0 ? std::optional(sum) : std::nullopt;
}

std::vector<TaskLimit> task_limits(const host::HostFacts& facts) {
  const host::Host& host = facts.host;
  std::vector<TaskLimit> limits;
  add_sysctl(limits, host, Kind::pid_max, "kernel.pid_max", host.settings.pid_max,
             pid_max_error(host));
  add_sysctl(limits, host, Kind::threads_max, "kernel.threads-max", host.settings.threads_max,
             "EAGAIN");
  add_fullest(limits, of_users(host));
  add_fullest(limits, of_cgroups(host));
  add_fullest(limits, of_maps(host));
  std::ranges::stable_sort(limits, std::greater{}, &TaskLimit::filled);
  return limits;
}

}  // namespace whyoom::diagnose
