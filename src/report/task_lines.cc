#include "report/task_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/digits.h"
#include "base/language.h"
#include "base/text.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

using C = TaskColumn;

constexpr std::array<std::pair<std::string_view, TaskColumn>, 15> column_names{{
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

// Takes "[  123]" at `next`; the pid.
std::optional<std::int64_t> take_pid_column(const char*& next, const char* end) {
  const char* at = skip_blanks(next, end);
  if (at == end || *at != '[') {
    return std::nullopt;
  }
  at = skip_blanks(at + 1, end);
  const Digits pid = read_digits(at, end);
  at = skip_blanks(at + pid.count, end);
  if (pid.count == 0 || pid.value > most_pid || at == end || *at != ']') {
    return std::nullopt;
  }
  next = at + 1;
  return static_cast<std::int64_t>(pid.value);
}

// The next number, when a blank or the end follows it; moves `next` behind it.
bool take_column(const char*& next, const char* end, std::int64_t& number, bool& other_spaces) {
  const char* at = skip_blanks(next, end);
  Digits digits = read_digits(at, end);
  bool negative = false;
  if (digits.count == 0) {
    while (at != end && is_space(*at)) {
      other_spaces = true;
      ++at;
    }
    negative = at != end && *at == '-';
    at += negative ? 1 : 0;
    digits = read_digits(at, end);
  }
  at += digits.count;
  if (digits.count == 0 || (at != end && !is_space(*at))) {
    return false;
  }
  next = at;
  number = static_cast<std::int64_t>(digits.value);
  number = negative ? -number : number;
  return true;
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

// Begins like the header row, whole or not.
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

}  // namespace

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
    for (const auto& [name, meaning] : column_names) {
      if (name == word) {
        column = meaning;
      }
    }
    columns.push_back(column);
    if (columns.size() > TaskRow::most) {
      return std::nullopt;
    }
  }
  return columns;
}

std::optional<TaskRow> parse_task_row(std::string_view text) {
  const char* next = text.data();
  const char* const end = next + text.size();
  const auto pid = take_pid_column(next, end);
  std::optional<TaskRow> row;
  if (!pid || next == end || !is_space(*next)) {
    return row;
  }
  row.emplace();
  row->pid = *pid;
  const auto offset = [&text](const char* at) {
    return static_cast<std::uint32_t>(at - text.data());
  };
  std::size_t count = 0;
  row->ends[0] = offset(next);
  while (count < TaskRow::most && take_column(next, end, row->numbers[count], row->other_spaces)) {
    row->ends[++count] = offset(next);
  }
  row->count = count;
  row->named = !trim_left(text.substr(row->ends[count])).empty();
  // A row that was wrapped early is told by its thread group, which mostly is the pid.
  if (count < 2 || (count == 2 && row->numbers[1] != row->pid)) {
    row.reset();
  }
  return row;
}

TaskColumns guess_task_columns(const TaskRow& row) {
  switch (row.count) {
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
      if (row.numbers[5] < 0) {
        return {C::uid, C::tgid, C::total_vm, C::rss, C::unused, C::old_adj, C::oom_score_adj};
      }
      // Page tables in bytes are whole pages; a count of table pages that large means a process of
      // gigabytes of page tables.
      return {C::uid,
              C::tgid,
              C::total_vm,
              C::rss,
              row.numbers[4] >= 4096 && row.numbers[4] % 4096 == 0 ? C::pgtables_bytes
                                                                   : C::page_table_pages,
              C::swapents,
              C::oom_score_adj};
    default:
      return {};
  }
}

std::size_t read_task_numbers(std::string_view block, std::size_t count, TaskRow& row) {
  const char* const end = block.data() + block.size();
  const char* at = skip_blanks(block.data() + 1, end);
  const Digits pid = read_digits(at, end);
  at += pid.count;
  if (block.front() != '[' || pid.count == 0 || pid.value > most_pid || *at++ != ']') {
    return 0;
  }
  row.pid = static_cast<std::int64_t>(pid.value);
  for (std::size_t i = 0; i < count; ++i) {
    if (*at != ' ') {
      return 0;
    }
    at = skip_blanks(at + 1, end);
    if (is_digit(at[0]) && at[1] == ' ') {  // most are 0
      row.numbers[i] = *at++ - '0';
      continue;
    }
    const bool negative = *at == '-';
    at += negative ? 1 : 0;
    const Digits digits = read_digits(at, end);
    if (digits.count == 0) {
      return 0;
    }
    at += digits.count;
    const auto number = static_cast<std::int64_t>(digits.value);
    row.numbers[i] = negative ? -number : number;
  }
  return *at == ' ' ? static_cast<std::size_t>(skip_blanks(at, end) - block.data()) : 0;
}

void put_task(Task& task, const TaskRow& row, std::string_view name, const TaskColumns& columns,
              LineNumber line) {
  task.pid = row.pid;
  task.tgid = row.pid;
  task.line = line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    put(task, columns[i], row.numbers[i]);
  }
  task.comm = name;
}

std::optional<Task> task_of(const TaskRow& row, std::string_view text, const TaskColumns& columns,
                            LineNumber line) {
  std::optional<Task> task;
  if (!columns.empty() && columns.size() <= row.count) {
    put_task(task.emplace(), row, trim(text.substr(row.ends[columns.size()])), columns, line);
  }
  return task;
}

namespace {

bool read_task_columns(std::string_view text, Place /*at*/, KernelLine& out) {
  if (!looks_like_task_columns(text)) {
    return false;
  }
  auto columns = parse_task_columns(text);
  out.fullness = Fullness::partial;
  out.good = false;
  if (columns) {
    const auto unused = std::ranges::count(*columns, TaskColumn::unused);
    const bool whole = text.ends_with(" name");
    out.score = static_cast<int>(columns->size()) - 2 * static_cast<int>(unused) + (whole ? 1 : 0);
    out.fullness = whole_if(whole);
    // What is shorter can be the name of a process.
    out.good = std::ranges::count(*columns, TaskColumn::total_vm) > 0;
    out.part = std::move(*columns);
  }
  return true;
}

bool read_task_row(std::string_view text, Place /*at*/, KernelLine& out) {
  const auto row = parse_task_row(text);
  if (!row) {
    return false;
  }
  const std::size_t wanted = out.columns == 0 ? 7 : out.columns;
  out.fullness = whole_if(row->count >= wanted && row->named);
  out.score = static_cast<int>(row->count) + (row->named ? 1 : 0);
  if (out.columns != 0 && (row->count > wanted || (row->named && row->count < wanted))) {
    out.score -= 8;  // a number that was cut in two, or glued to the name
  }
  out.part = *row;
  return true;
}

void begin_table(OpenEvent& event, const KernelLine& read) {
  if (!event.report.task_table_at) {
    event.report.task_table_at = read.at;
  }
  event.slab_open = false;
  event.stats_open = false;
}

bool put_columns(OpenEvent& event, KernelLine& read) {
  event.columns = std::move(read.as<TaskColumns>());
  event.report.tasks_have_rss_kinds = event.report.tasks_have_rss_kinds ||
                                      std::ranges::count(event.columns, TaskColumn::rss_anon) > 0;
  begin_table(event, read);
  return true;
}

// Of a row that ends before its last columns, those that are whole; empty: it ends with a name, so
// that what it lacks may be in the middle.
TaskColumns columns_left(const TaskColumns& columns, const TaskRow& row, std::string_view text) {
  const std::string_view behind = text.substr(row.ends[row.count]);
  std::string_view rest = trim(behind);
  for (const std::string_view mark : {">", "..."}) {
    rest.remove_suffix(rest.ends_with(mark) ? mark.size() : 0);
  }
  const bool is_number = std::ranges::all_of(rest, is_digit);  // which may go on
  if (columns.size() <= row.count || !is_number) {
    return {};
  }
  constexpr std::size_t least = 4;  // to rss
  const std::size_t whole = row.count - (behind.starts_with(' ') ? 0U : 1U);
  return whole < least
             ? TaskColumns()
             : TaskColumns(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(whole));
}

bool put_row(OpenEvent& event, KernelLine& read) {
  const TaskRow& row = read.as<TaskRow>();
  const std::string_view text = trim_left(read.line->text);
  event.orphan_rows = event.orphan_rows || event.fresh;
  auto task = task_of(row, text, event.columns, read.line->number);
  if (const auto left = columns_left(event.columns, row, text); !left.empty()) {
    task = task_of(row, text, left, read.line->number);
    task->comm.clear();
  } else if (!task) {
    task = task_of(row, text, guess_task_columns(row), read.line->number);
    if (task && task->rss_anon) {
      event.report.tasks_have_rss_kinds = true;
    }
  }
  if (!task && event.stage < Stage::tasks && !event.orphan_rows) {
    return false;  // before the table: some numbers in the name of a process
  }
  if (event.report.tasks.size() >= most_tasks) {
    ++event.rows_lost;
  } else if (task) {
    event.keep(event.report.tasks, std::move(*task), most_tasks);
  } else {
    event.damage(read.line->number, tr("a row of the task table is cut"));
  }
  return true;
}

}  // namespace

const LineKind task_title{.stage = Stage::tasks,
                          .opens = true,
                          .lacks =
                              [](const OpenEvent& e, const KernelLine&) {
                                return e.is_oom() && !e.report.task_table_at &&
                                       e.report.tasks.empty();
                              },
                          .put =
                              [](OpenEvent& e, KernelLine& read) {
                                begin_table(e, read);
                                return true;
                              }};
const LineKind task_columns{.read = read_task_columns,
                            .stage = Stage::tasks,
                            .opens = true,
                            .lacks =
                                [](const OpenEvent& e, const KernelLine&) {
                                  return e.is_oom() && e.columns.empty() && e.report.tasks.empty();
                                },
                            .put = put_columns};
const LineKind task_row{.read = read_task_row,
                        .stage = Stage::tasks,
                        .opens = true,
                        .lacks = [](const OpenEvent& e, const KernelLine&) { return e.is_oom(); },
                        .put = put_row};

}  // namespace whyoom::report
