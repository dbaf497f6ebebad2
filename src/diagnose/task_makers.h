// Who makes the tasks of a host, of one user or of one cgroup: by program, by user and by cgroup,
// and the zombies that nobody waits for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "host/host.h"

namespace whyoom::diagnose {

struct TaskMaker {
  std::string name;  // fit for a terminal: a program, "uid 1000", a cgroup with its owner
  std::uint64_t tasks = 0, processes = 0;
  const host::Process* example = nullptr;  // the one with the most threads
};

struct TaskMakers {
  std::uint64_t tasks = 0;                          // of the processes that could be seen
  std::vector<TaskMaker> programs, users, cgroups;  // the most tasks first; kernel threads left out
  std::uint64_t zombies = 0;
  std::optional<TaskMaker> careless;  // the parent of the most zombies; `tasks` counts those
};

using ProcessFilter = std::function<bool(const host::Process&)>;

TaskMakers task_makers(const host::Host& host, const ProcessFilter& wanted);

// What is said behind another sentence: " java has 30,100 threads in 3 processes.", or of the
// zombies when they are a tenth of the tasks; empty when no process could be seen.
std::string describe(const TaskMakers& makers);

// The three biggest programs, the biggest user and cgroup, the zombies.
void add_proof(Finding& finding, const TaskMakers& makers, host::Sources& sources);

}  // namespace whyoom::diagnose
