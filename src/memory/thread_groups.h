// Which rows of a task table are one process. The kernel prints a thread group once, but logs
// repeat lines, and a group whose leader has gone has another thread's pid.
#pragma once

#include <cstdint>
#include <vector>

#include "report/report.h"

namespace whyoom::memory {

// The thread group of a row; not above 0: it has none.
inline std::int64_t group_of(const report::Task& task) {
  return task.tgid > 0 ? task.tgid : task.pid;
}

// For each row the first one of its group; of a row without a group itself.
std::vector<std::uint32_t> first_rows(const std::vector<report::Task>& tasks);

}  // namespace whyoom::memory
