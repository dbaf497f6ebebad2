// The task table. Its header row decides what the columns mean; numbers can be wider than their
// column, so rows are split at white space.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind task_title, task_columns, task_row;

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

// "[ 1743]    48  1743    68123     3901   249856        0             0 (sd-pam)"
struct TaskRow {
  static constexpr std::size_t most = 16;  // kernels print 10

  std::int64_t pid = 0;
  std::size_t count = 0;  // of the numbers behind the pid; a name can begin with some
  std::array<std::int64_t, most> numbers{};
  std::array<std::uint32_t, most + 1> ends{};  // where each of them ends in the line
  bool named = false;                          // something stands behind the numbers
  bool other_spaces = false;  // than blanks are among them: tabs, or what moves the cursor
};
std::optional<TaskRow> parse_task_row(std::string_view text);
// The same of a row with so many numbers, and blanks alone before and behind each; the offset of
// its name, or 0: it is none. `block` goes on behind the row, at least with a newline. `ends` stay
// as they are.
std::size_t read_task_numbers(std::string_view block, std::size_t count, TaskRow& row);

// The columns of a row whose header row is lost, from the row alone; empty: not to be told.
TaskColumns guess_task_columns(const TaskRow& row);

// What the row, which has so many columns, says of a new task.
void put_task(Task& task, const TaskRow& row, std::string_view name, const TaskColumns& columns,
              LineNumber line);
// Nothing when the row has fewer columns.
std::optional<Task> task_of(const TaskRow& row, std::string_view text, const TaskColumns& columns,
                            LineNumber line);

}  // namespace whyoom::report
