#include "report/task_lines.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace whyoom::report {
namespace {

using C = TaskColumn;

constexpr std::array<std::pair<std::string_view, TaskColumn>, 15> kColumns{{
    {"uid", C::uid},
    {"tgid", C::tgid},
    {"total_vm", C::total_vm},
    {"rss", C::rss},
    {"rss_anon", C::rss_anon},
    {"rss_file", C::rss_file},
    {"rss_shmem", C::rss_shmem},
    {"nr_ptes", C::page_table_pages},
    {"nr_pmds", C::page_table_pages},
    {"nr_puds", C::page_table_pages},
    {"pgtables_bytes", C::pgtables_bytes},
    {"swapents", C::swapents},
    {"oom_score_adj", C::oom_score_adj},
    {"oom_adj", C::old_adj},
    {"cpu", C::unused},
}};

// Takes "[  123]"; the pid.
std::optional<std::int64_t> take_pid(Cursor& cursor) {
  if (!cursor.take('[')) {
    return std::nullopt;
  }
  cursor.skip_spaces();
  const auto pid = cursor.take_unsigned();
  cursor.skip_spaces();
  if (!pid || *pid > 0x7fffffff || !cursor.take(']')) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*pid);
}

// The next number, when a blank or the end follows it.
std::optional<std::int64_t> take_column(Cursor& cursor) {
  Cursor probe = cursor;
  probe.skip_spaces();
  const bool negative = probe.peek() == '-';
  std::optional<std::int64_t> value;
  if (negative) {
    value = probe.take_signed();
  } else if (const auto number = probe.take_unsigned()) {
    constexpr std::uint64_t max = 0x7fffffffffffffff;
    value = static_cast<std::int64_t>(*number > max ? max : *number);
  }
  if (!value || (!probe.at_end() && !is_space(probe.peek()))) {
    return std::nullopt;
  }
  cursor = probe;
  return value;
}

std::uint64_t not_negative(std::int64_t value) {
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

int small(std::int64_t value) {
  return value < -1000000 || value > 1000000 ? 0 : static_cast<int>(value);
}

void put(Task& task, TaskColumn column, std::int64_t value) {
  switch (column) {
    case C::uid:
      task.uid = value;
      break;
    case C::tgid:
      task.tgid = value;
      break;
    case C::total_vm:
      task.total_vm = not_negative(value);
      break;
    case C::rss:
      task.rss = not_negative(value);
      break;
    case C::rss_anon:
      task.rss_anon = not_negative(value);
      break;
    case C::rss_file:
      task.rss_file = not_negative(value);
      break;
    case C::rss_shmem:
      task.rss_shmem = not_negative(value);
      break;
    case C::page_table_pages:
      task.page_table_pages =
          (Pages(task.page_table_pages.value_or(0)) + Pages(not_negative(value))).count();
      break;
    case C::pgtables_bytes:
      task.pgtables_bytes = not_negative(value);
      break;
    case C::swapents:
      task.swapents = not_negative(value);
      break;
    case C::oom_score_adj:
      task.oom_score_adj = small(value);
      break;
    case C::old_adj:
    case C::unused:
      break;
  }
}

}  // namespace

bool looks_like_task_columns(std::string_view text) {
  Cursor cursor(trim_left(text));
  if (!cursor.take('[')) {
    return false;
  }
  cursor.skip_spaces();
  if (!cursor.take("pid")) {
    return false;
  }
  cursor.skip_spaces();
  if (!cursor.take(']')) {
    return false;
  }
  cursor.skip_spaces();
  return cursor.at_end() || cursor.rest().starts_with("uid");
}

std::optional<TaskColumns> parse_task_columns(std::string_view text) {
  if (!looks_like_task_columns(text)) {
    return std::nullopt;
  }
  Cursor cursor(text);
  cursor.take_until("]");
  cursor.take(']');
  TaskColumns columns;
  for (;;) {
    cursor.skip_spaces();
    const std::string_view word = cursor.take_word();
    if (word.empty() || word == "name") {
      break;
    }
    TaskColumn column = C::unused;
    for (const auto& [name, meaning] : kColumns) {
      if (name == word) {
        column = meaning;
      }
    }
    columns.push_back(column);
    if (columns.size() > 24) {
      return std::nullopt;
    }
  }
  return columns;
}

std::optional<TaskRowShape> task_row_shape(std::string_view text) {
  Cursor cursor(trim_left(text));
  const auto pid = take_pid(cursor);
  if (!pid || cursor.peek() != ' ') {
    return std::nullopt;
  }
  TaskRowShape shape;
  std::optional<std::int64_t> tgid;
  while (shape.numbers < 24) {
    const auto value = take_column(cursor);
    if (!value) {
      break;
    }
    if (++shape.numbers == 2) {
      tgid = value;
    }
  }
  shape.named = !trim(cursor.rest()).empty();
  // A row that was wrapped early is told by its thread group, which mostly is the pid.
  if (shape.numbers < 2 || (shape.numbers == 2 && tgid != pid)) {
    return std::nullopt;
  }
  return shape;
}

TaskColumns guess_task_columns(std::string_view row) {
  Cursor cursor(trim_left(row));
  if (!take_pid(cursor)) {
    return {};
  }
  std::vector<std::int64_t> numbers;
  while (numbers.size() < 24) {
    const auto value = take_column(cursor);
    if (!value) {
      break;
    }
    numbers.push_back(*value);
  }
  switch (numbers.size()) {
    case 10:
      return {C::uid,      C::tgid,      C::total_vm,       C::rss,      C::rss_anon,
              C::rss_file, C::rss_shmem, C::pgtables_bytes, C::swapents, C::oom_score_adj};
    case 9:
      return {C::uid,
              C::tgid,
              C::total_vm,
              C::rss,
              C::page_table_pages,
              C::page_table_pages,
              C::page_table_pages,
              C::swapents,
              C::oom_score_adj};
    case 8:
      return {C::uid,
              C::tgid,
              C::total_vm,
              C::rss,
              C::page_table_pages,
              C::page_table_pages,
              C::swapents,
              C::oom_score_adj};
    case 7:
      if (numbers[5] < 0) {
        return {C::uid, C::tgid, C::total_vm, C::rss, C::unused, C::old_adj, C::oom_score_adj};
      }
      // Page tables in bytes are whole pages; a count of table pages that large means a process of
      // gigabytes of page tables.
      return {
          C::uid,
          C::tgid,
          C::total_vm,
          C::rss,
          numbers[4] >= 4096 && numbers[4] % 4096 == 0 ? C::pgtables_bytes : C::page_table_pages,
          C::swapents,
          C::oom_score_adj};
    default:
      return {};
  }
}

std::optional<Task> parse_task_row(std::string_view text, const TaskColumns& columns,
                                   LineNumber line) {
  Cursor cursor(trim_left(text));
  const auto pid = take_pid(cursor);
  if (!pid || columns.empty()) {
    return std::nullopt;
  }
  Task task;
  task.pid = *pid;
  task.tgid = *pid;
  task.line = line;
  for (const TaskColumn column : columns) {
    const auto value = take_column(cursor);
    if (!value) {
      return std::nullopt;
    }
    put(task, column, *value);
  }
  task.comm = std::string(trim(cursor.rest()));
  return task;
}

}  // namespace whyoom::report
