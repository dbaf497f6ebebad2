#include "memory/thread_groups.h"

#include <unordered_map>

namespace whyoom::memory {

std::vector<std::uint32_t> first_rows(const std::vector<report::Task>& tasks) {
  std::vector<std::uint32_t> first(tasks.size());
  // Most tables are in the order of pids: as long as one is, each row is a group of its own.
  std::int64_t last = 0;
  std::uint32_t row = 0;
  for (; row < tasks.size() && group_of(tasks[row]) > last; ++row) {
    first[row] = row;
    last = group_of(tasks[row]);
  }
  if (row == tasks.size()) {
    return first;
  }
  std::unordered_map<std::int64_t, std::uint32_t> groups(tasks.size());
  for (std::uint32_t known = 0; known < row; ++known) {
    groups.emplace(group_of(tasks[known]), known);
  }
  for (; row < tasks.size(); ++row) {
    const std::int64_t group = group_of(tasks[row]);
    first[row] = group > 0 ? groups.try_emplace(group, row).first->second : row;
  }
  return first;
}

}  // namespace whyoom::memory
