// The task table. Its header row decides what the columns mean; numbers can be wider than their
// column, so rows are split at white space.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "report/report.h"

namespace whyoom::report {

enum class TaskColumn : std::uint8_t {
  uid,
  tgid,
  total_vm,
  rss,
  rss_anon,
  rss_file,
  rss_shmem,
  page_table_pages,
  pgtables_bytes,
  swapents,
  oom_score_adj,
  old_adj,
  unused
};

// The numeric columns between "[ pid ]" and "name".
using TaskColumns = std::vector<TaskColumn>;

// "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
std::optional<TaskColumns> parse_task_columns(std::string_view text);
// Begins like the header row, whole or not.
bool looks_like_task_columns(std::string_view text);

// How many numbers stand between "[pid]" and the name, and whether a name is there; nullopt: no
// row.
struct TaskRowShape {
  std::size_t numbers = 0;
  bool named = false;
};
std::optional<TaskRowShape> task_row_shape(std::string_view text);

// The columns of a row whose header row is lost, from the row alone; empty: not to be told.
TaskColumns guess_task_columns(std::string_view row);

std::optional<Task> parse_task_row(std::string_view text, const TaskColumns& columns,
                                   LineNumber line);

}  // namespace whyoom::report
