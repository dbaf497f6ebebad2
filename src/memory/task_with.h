// The row of a process in the task table of a report.
#pragma once

#include <algorithm>
#include <cstdint>

#include "report/report.h"

namespace whyoom::memory {

// The first; nullptr: the table has none of it.
inline const report::Task* task_with(const report::Report& report, std::int64_t pid) {
  const auto row = std::ranges::find(report.tasks, pid, &report::Task::pid);
  return row == report.tasks.end() ? nullptr : &*row;
}

}  // namespace whyoom::memory
