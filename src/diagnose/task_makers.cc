#include "diagnose/task_makers.h"

#include <algorithm>
#include <map>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/cgroup_commands.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose {

namespace {

constexpr std::size_t most_programs = 3;

template <class Key>
using ByKey = std::map<Key, TaskMaker>;

void count(TaskMaker& maker, const host::Process& process, std::uint64_t tasks) {
  maker.tasks += tasks;
  ++maker.processes;
  const auto threads = [](const host::Process& of) { return of.threads.value_or(1); };
  if (maker.example == nullptr || threads(process) > threads(*maker.example)) {
    maker.example = &process;
  }
}

template <class Key, class Name>
std::vector<TaskMaker> most_first(ByKey<Key>& by_key, Name name) {
  std::vector<TaskMaker> result;
  result.reserve(by_key.size());
  for (auto& [key, maker] : by_key) {
    maker.name = name(key);
    result.push_back(std::move(maker));
  }
  std::ranges::stable_sort(result, std::greater{}, &TaskMaker::tasks);
  return result;
}

std::optional<TaskMaker> careless_parent(const host::Host& host,
                                         const std::map<std::int32_t, std::uint64_t>& zombies) {
  const auto most =
      std::ranges::max_element(zombies, {}, [](const auto& of_parent) { return of_parent.second; });
  if (most == zombies.end()) {
    return std::nullopt;
  }
  TaskMaker parent;
  parent.tasks = most->second;
  const auto& all = host.processes.all;
  const auto found = std::ranges::find(all, most->first, &host::Process::pid);
  if (found == all.end()) {
    parent.name = tr("pid {}", std::to_string(most->first));
  } else {
    parent.name = process(found->comm.view(), found->pid);
    parent.example = &*found;
  }
  return parent;
}

}  // namespace

TaskMakers task_makers(const host::Host& host, const ProcessFilter& wanted) {
  TaskMakers makers;
  ByKey<std::string_view> programs;
  ByKey<std::uint32_t> users;
  ByKey<std::uint32_t> cgroups;
  std::map<std::int32_t, std::uint64_t> zombies;
  for (const host::Process& process : host.processes.all) {
    if (!wanted(process)) {
      continue;
    }
    const std::uint64_t tasks = std::max<std::uint64_t>(process.threads.value_or(1), 1);
    makers.tasks += tasks;
    if (process.state == 'Z') {
      ++makers.zombies;
      if (process.ppid) {
        ++zombies[*process.ppid];
      }
    }
    if (process.kernel_thread) {
      continue;
    }
    count(programs[process.comm.view()], process, tasks);
    if (process.uid) {
      count(users[*process.uid], process, tasks);
    }
    if (process.pids_cgroup != host::no_cgroup) {
      count(cgroups[process.pids_cgroup], process, tasks);
    }
  }
  makers.programs = most_first(programs, [](std::string_view comm) { return printable(comm); });
  makers.users =
      most_first(users, [](std::uint32_t uid) { return tr("uid {}", std::to_string(uid)); });
  makers.cgroups = most_first(
      cgroups, [&](std::uint32_t index) { return with_owner(host.processes.cgroup_path(index)); });
  makers.careless = careless_parent(host, zombies);
  return makers;
}

std::string describe(const TaskMakers& makers) {
  if (makers.careless && makers.zombies >= makers.tasks / 10) {
    return tr(" {} are zombies, most of {}.", grouped(makers.zombies), makers.careless->name);
  }
  if (makers.programs.empty()) {
    return {};
  }
  const TaskMaker& most = makers.programs.front();
  return tr(" {} has {} in {}.", most.name, plural(most.tasks, "thread", "threads"),
            plural(most.processes, "process", "processes"));
}

void add_proof(Finding& finding, const TaskMakers& makers, host::Sources& sources) {
  const auto at = [&](const TaskMaker& maker) {
    return maker.example == nullptr
               ? Place{}
               : Place{sources.add(host::path_of(maker.example->pid, host::ProcessFile::stat)), 1};
  };
  for (std::size_t i = 0; i < makers.programs.size() && i < most_programs; ++i) {
    const TaskMaker& program = makers.programs[i];
    finding.prove(Message("threads of {} ({})", program.name,
                          plural(program.processes, "process", "processes")),
                  program.tasks, at(program));
  }
  if (makers.users.size() > 1) {
    const TaskMaker& user = makers.users.front();
    finding.prove(Message("tasks of {}", user.name), user.tasks, at(user));
  }
  if (makers.cgroups.size() > 1) {
    const TaskMaker& group = makers.cgroups.front();
    finding.prove(Message("tasks in the cgroup {}", group.name), group.tasks, at(group));
  }
  if (makers.careless) {
    finding.prove(Message("zombies"), makers.zombies);
    finding.prove(Message("zombies that {} does not wait for", makers.careless->name),
                  makers.careless->tasks, at(*makers.careless));
  }
}

}  // namespace whyoom::diagnose
