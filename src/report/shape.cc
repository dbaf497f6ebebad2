#include "report/shape.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "report/field_lines.h"
#include "report/header_lines.h"
#include "report/memcg_lines.h"
#include "report/neighbour_lines.h"
#include "report/open_event.h"
#include "report/stack_lines.h"
#include "report/task_lines.h"
#include "report/victim_lines.h"
#include "report/zone_lines.h"

namespace whyoom::report {
namespace {

constexpr auto npos = std::string_view::npos;

struct Beginning {
  std::string_view text;
  Shape shape;
};

// Lines that are told by how they begin. The rest of the line is checked by its parser.
constexpr std::array<Beginning, 26> kBeginnings{{
    {"Mem-Info:", Shape::mem_info},
    {"Mem-info:", Shape::mem_info},
    {"lowmem_reserve[]:", Shape::lowmem_reserve},
    {"protections[]:", Shape::lowmem_reserve},
    {"oom-kill:constraint=", Shape::constraint},
    {",task=", Shape::constraint_rest},
    {"memory: usage ", Shape::memcg_counter},
    {"memory+swap: usage ", Shape::memcg_counter},
    {"kmem: usage ", Shape::memcg_counter},
    {"swap: usage ", Shape::memcg_counter},
    {"Memory cgroup stats for ", Shape::memcg_stats},
    {"Memory limit reached of cgroup ", Shape::limit_reached},
    {"Task in ", Shape::task_in},
    {"killed as a result of limit of ", Shape::task_in},
    {"Tasks state (memory values in ", Shape::task_title},
    {"Tasks in ", Shape::group},
    {"Unreclaimable slab info:", Shape::slab_title},
    {"excessive unreclaimable slab but cannot dump stats", Shape::slab_refused},
    {"Hardware name:", Shape::hardware},
    {"Call Trace:", Shape::trace_start},
    {"Call trace:", Shape::trace_start},
    {"Backtrace:", Shape::trace_start},
    {"oom_reaper: reaped process ", Shape::reaped},
    {"Out of memory and no killable processes", Shape::no_killable},
    {"SLUB: Unable to allocate memory on ", Shape::slub},
    {"cache: ", Shape::slub_cache},
}};

Shape shape_of_bracket(std::string_view start) {
  if (looks_like_task_columns(start)) {
    return Shape::task_columns;
  }
  if (task_row_shape(start)) {
    return Shape::task_row;
  }
  return parse_trace_entry(start) ? Shape::trace : Shape::other;
}

Shape shape_of_node(std::string_view start) {
  if (!parse_node_prefix(start)) {
    return Shape::other;
  }
  Cursor cursor(start);
  cursor.take("Node ");
  cursor.take_unsigned();
  cursor.skip_spaces();
  const std::string_view rest = cursor.rest();
  if (rest.empty()) {
    return Shape::node_prefix;
  }
  if (rest.starts_with("active_anon:")) {
    return Shape::node;
  }
  if (rest.starts_with("hugepages_total=")) {
    return Shape::hugepages;
  }
  if (parse_zone_prefix(start)) {
    return Shape::zone;
  }
  if (parse_buddy_prefix(start)) {
    return Shape::buddy;
  }
  return start.find(" per-cpu:") != npos ? Shape::per_cpu : Shape::other;
}

// "DMA free:...", "DMA: 1*4kB", "CPU: 0 PID: ...", "CPU    0: hi: 0", "Free swap  = 0kB".
Shape shape_of_capital(std::string_view start) {
  if (start.starts_with("CPU") || start.starts_with("Pid: ")) {
    if (parse_cpu_line(start)) {
      return Shape::cpu;
    }
    return start.starts_with("CPU") && start.find(": hi:") != npos ? Shape::per_cpu : Shape::other;
  }
  if (start.starts_with("Node ")) {
    return shape_of_node(start);
  }
  if (start.starts_with("Name ") && start.find(" Used ") != npos && start.ends_with("Total")) {
    return Shape::slab_columns;
  }
  if (parse_zone_prefix(start)) {
    return Shape::zone;
  }
  if (parse_buddy_prefix(start)) {
    return Shape::buddy;
  }
  return start.ends_with(" per-cpu:") ? Shape::per_cpu : Shape::other;
}

// "X invoked oom-killer:", "X: page allocation failure": the name stands first and can look like
// the start of any other line. Only a name has room before the mark, with what some tools add to
// it.
Shape shape_behind_name(std::string_view start) {
  constexpr std::size_t longest = kMaxComm + 8;
  // The name of a cgroup can look like these, too.
  if (start.find(" killed as a result of limit of ") != npos || parse_group(start) ||
      parse_cpuset_line(start)) {
    return Shape::other;
  }
  const std::size_t invoked = start.find(" invoked oom-killer:");
  if (invoked <= longest && parse_oom_header(start)) {
    return Shape::oom_header;
  }
  const std::size_t failure = start.find(": page allocation ");
  return failure != 0 && failure <= longest && parse_failure_header(start) ? Shape::failure_header
                                                                           : Shape::other;
}

// What a mark says the line may be, if the parser agrees.
Shape shape_at_mark(Shape mark, std::string_view text) {
  switch (mark) {
    case Shape::oom_header:
      return parse_oom_header(text) ? mark : Shape::other;
    case Shape::victim:
      return parse_victim(text, {})    ? mark
             : parse_kill_intent(text) ? Shape::kill_intent
                                       : Shape::other;
    case Shape::failure_header:
      return parse_failure_header(text)     ? mark
             : parse_vmalloc_line(text, {}) ? Shape::vmalloc
             : parse_overcommit(text, {})   ? Shape::overcommit
                                            : Shape::other;
    case Shape::panic:
      return parse_oom_panic(text, {}) ? mark : Shape::other;
    case Shape::fork_rejected:
      return parse_fork_rejected(text) ? mark : Shape::other;
    case Shape::victim_exiting:
      return is_victim_exiting(text)            ? mark
             : parse_sysrq(text) != Sysrq::none ? Shape::sysrq
                                                : Shape::other;
    case Shape::cpuset:
      return parse_cpuset_line(text) ? mark : Shape::other;
    default:
      return Shape::other;
  }
}

// Lines whose mark can stand behind other words. Of several the first decides: a user chooses the
// names of cgroups and processes, and the kernel's own words stand before them.
Shape shape_by_mark(std::string_view text) {
  using Mark = std::pair<std::string_view, Shape>;
  static constexpr std::array<Mark, 8> marks{{
      {" invoked oom-killer:", Shape::oom_header},
      {"Kill", Shape::victim},
      {"alloc", Shape::failure_header},
      {"Kernel panic", Shape::panic},
      {"rejected by pids", Shape::fork_rejected},
      {"OOM", Shape::victim_exiting},
      {"Show Memory", Shape::victim_exiting},
      {" cpuset=", Shape::cpuset},
  }};
  std::size_t first = npos;
  Shape shape = Shape::other;
  for (const auto& [mark, of] : marks) {
    const std::size_t at = text.find(mark);
    if (at >= first) {
      continue;
    }
    if (const Shape found = shape_at_mark(of, text); found != Shape::other) {
      first = at;
      shape = found;
    }
  }
  return shape;
}

bool is_fragment(std::string_view text) {
  for (const std::string_view end : {" invoked", "emory: Killed", "Killed process",
                                     "emory: Kill process", ": page allocation"}) {
    if (text.ends_with(end)) {
      return true;
    }
  }
  const std::size_t kill = text.rfind("emory: Kill process ");
  return kill != npos && Cursor(text.substr(kill + 20)).take_unsigned();
}

// Lines that mean something only inside a report.
Shape shape_in_context(std::string_view start) {
  if (looks_like_totals(start)) {
    return Shape::totals;
  }
  if (looks_like_tail(start)) {
    return Shape::tail;
  }
  if (parse_trace_entry(start)) {
    return Shape::trace;
  }
  if (start.ends_with("KB") && parse_slab_row(start, {})) {
    return Shape::slab_row;
  }
  if (parse_memcg_stat(start, {})) {
    return Shape::memcg_stat;
  }
  if (looks_like_buddy_piece(start)) {
    return Shape::buddy_piece;
  }
  std::vector<std::uint64_t> numbers;
  return parse_numbers(start, numbers) ? Shape::numbers : Shape::other;
}

}  // namespace

Shape shape_of(std::string_view text) {
  const std::string_view start = trim(text);
  if (start.empty()) {
    return Shape::other;
  }
  if (const Shape shape = shape_behind_name(start); shape != Shape::other) {
    return shape;
  }
  if (start.front() == '[') {
    const Shape shape = shape_of_bracket(start);
    return shape == Shape::other ? shape_by_mark(start) : shape;
  }
  // Most lines of a report: a trace entry. Nothing else has a hex offset.
  if (start.find("+0x") != npos && start.find(" invoked oom-killer:") == npos &&
      parse_trace_entry(start)) {
    return Shape::trace;
  }
  for (const auto& [beginning, shape] : kBeginnings) {
    if (start.front() == beginning.front() && start.starts_with(beginning)) {
      if (shape == Shape::group) {
        return parse_group(start) ? shape : Shape::other;
      }
      if (shape == Shape::mem_info && start != beginning) {
        break;  // a name
      }
      return shape;
    }
  }
  if (start.front() >= 'A' && start.front() <= 'Z') {
    if (const Shape shape = shape_of_capital(start); shape != Shape::other) {
      return shape;
    }
  }
  if (const Shape shape = shape_by_mark(start); shape != Shape::other) {
    return shape;
  }
  return is_fragment(start) ? Shape::fragment : shape_in_context(start);
}

bool stands_alone(Shape shape) {
  switch (shape) {
    case Shape::other:
    case Shape::numbers:
    case Shape::buddy_piece:
    case Shape::memcg_stat:
    case Shape::slab_row:
    case Shape::totals:
    case Shape::constraint_rest:
      return false;
    default:
      return true;
  }
}

namespace {

int as_score(const FieldRun& run) {
  return static_cast<int>(run.known + run.other) - 2 * static_cast<int>(run.malformed);
}

Fullness fullness_if(bool whole) { return whole ? Fullness::whole : Fullness::partial; }

Grade grade_header(std::string_view text) {
  const auto header = parse_oom_header(text);
  if (!header) {
    return {Fullness::partial, 0};
  }
  int score = 1;
  score += header->gfp ? (header->gfp->names ? 2 : 1) : 0;
  score += header->order ? 1 : 0;
  score += header->nodemask ? 1 : 0;
  score += header->oom_score_adj ? 1 : 0;
  score += header->old_adj ? 1 : 0;
  return {fullness_if(oom_header_complete(text)), score};
}

Grade grade_failure(std::string_view text) {
  const auto line = parse_failure_header(text);
  if (!line) {
    return {Fullness::partial, 0};
  }
  int score = 1;
  score += line->gfp ? (line->gfp->names ? 2 : 1) : 0;
  score += line->order ? 1 : 0;
  score += line->nodemask ? 1 : 0;
  score += line->cpuset ? 1 : 0;
  score += line->mems_allowed ? 1 : 0;
  const bool open = text.find('(') != npos && text.rfind('(') > text.rfind(')');
  const bool cut = !line->gfp || open || text.ends_with(',') || text.ends_with('|');
  return {cut ? Fullness::partial : Fullness::extensible, score};
}

// Node and zone lines end in a field that depends on the kernel.
Grade grade_fields(Shape shape, std::string_view text) {
  FieldSet fields;
  std::string_view rest = text;
  auto scope = kernel::Scope::node;
  if (shape == Shape::zone) {
    const auto prefix = parse_zone_prefix(text);
    if (!prefix) {
      return {Fullness::partial, 0};
    }
    rest = prefix->rest;
    scope = kernel::Scope::zone;
  } else {
    Cursor cursor(trim_left(text));
    cursor.take("Node ");
    cursor.take_unsigned();
    rest = cursor.rest();
  }
  const FieldRun run = read_fields(scope, rest, {}, fields);
  const int score = as_score(run) + (run.all_unreclaimable ? 1 : 0);
  if (run.cut && text.ends_with("...")) {
    return {Fullness::whole, score};
  }
  const bool ended = run.all_unreclaimable || fields.get(kernel::Field::free_cma);
  return {ended && run.malformed == 0 ? Fullness::extensible : Fullness::partial, score};
}

Grade grade_buddy(std::string_view text) {
  const auto prefix = parse_buddy_prefix(text);
  if (!prefix) {
    return {Fullness::partial, 0};
  }
  Zone zone;
  const BuddyRun run = read_buddy(prefix->rest, {}, zone);
  int types = 0;
  for (const auto& block : zone.buddy) {
    types += block.types.empty() ? 0 : 1;
  }
  const int score =
      2 * static_cast<int>(run.blocks) + types + (run.total ? 1 : 0) - (run.malformed ? 1 : 0);
  return {fullness_if(run.total), score};
}

Grade grade_task_row(std::string_view text, std::size_t columns) {
  const auto row = task_row_shape(text);
  if (!row) {
    return {Fullness::partial, 0};
  }
  const std::size_t wanted = columns == 0 ? 7 : columns;
  const bool whole = row->numbers >= wanted && row->named;
  int score = static_cast<int>(row->numbers) + (row->named ? 1 : 0);
  if (columns != 0 && (row->numbers > columns || (row->named && row->numbers < columns))) {
    score -= 8;  // a number that was cut in two, or glued to the name
  }
  return {fullness_if(whole), score};
}

Grade grade_task_columns(std::string_view text) {
  const auto columns = parse_task_columns(text);
  if (!columns) {
    return {Fullness::partial, 0};
  }
  int score = 0;
  for (const TaskColumn column : *columns) {
    score += column == TaskColumn::unused ? -1 : 1;
  }
  const bool whole = trim_right(text).ends_with(" name");
  return {fullness_if(whole), score + (whole ? 1 : 0)};
}

Grade grade_task_in(std::string_view text) {
  const auto line = parse_task_in(text);
  if (!line || !line->task_path || !line->limit_path) {
    return {Fullness::partial, line ? 1 : 0};
  }
  // The limit is of the task's own cgroup or of one above it.
  const std::string& limit = *line->limit_path;
  const bool whole =
      limit == "/" ||
      (line->task_path->starts_with(limit) &&
       (line->task_path->size() == limit.size() || (*line->task_path)[limit.size()] == '/'));
  return {fullness_if(whole), whole ? 3 : 2};
}

Grade grade_memcg_stats(std::string_view text) {
  const auto line = parse_memcg_stats(text, {});
  if (!line) {
    return {Fullness::partial, 0};
  }
  const int score = static_cast<int>(line->stats.size()) - (line->malformed ? 2 : 0);
  if (line->stats.empty()) {
    return {line->malformed ? Fullness::partial : Fullness::extensible, score};
  }
  const bool ended = line->stats.back().name == "unevictable" && !line->malformed;
  return {fullness_if(ended), score};
}

Grade grade_victim(std::string_view text) {
  const auto line = parse_victim(text, {});
  if (!line) {
    return {Fullness::partial, 0};
  }
  const int score = static_cast<int>(line->fields) + (line->victim.comm.empty() ? 0 : 1);
  if (line->complete) {
    return {Fullness::whole, score};
  }
  return {line->victim.file_rss_kib ? Fullness::extensible : Fullness::partial, score};
}

Grade grade_constraint(std::string_view text) {
  const auto constraint = parse_constraint(text, {});
  if (!constraint) {
    return {Fullness::partial, 0};
  }
  int score = 1;
  for (const bool there :
       {!constraint->nodemask.empty(), !constraint->cpuset.empty(),
        !constraint->mems_allowed.empty(), constraint->global_oom, !constraint->oom_memcg.empty(),
        !constraint->task_memcg.empty(), !constraint->task.empty(), constraint->pid.has_value(),
        constraint->uid.has_value()}) {
    score += there ? 1 : 0;
  }
  return {constraint_complete(text) ? Fullness::extensible : Fullness::partial, score};
}

Grade grade_cpu(std::string_view text) {
  const auto line = parse_cpu_line(text);
  if (!line) {
    return {Fullness::partial, 0};
  }
  const int score = 1 + (line->release.empty() ? 0 : 1) + (line->complete ? 1 : 0);
  return {fullness_if(line->complete), score};
}

}  // namespace

Grade grade(Shape shape, std::string_view text, std::size_t columns) {
  switch (shape) {
    case Shape::oom_header:
      return grade_header(text);
    case Shape::failure_header:
      return grade_failure(text);
    case Shape::node:
    case Shape::zone:
      return grade_fields(shape, text);
    case Shape::buddy:
      return grade_buddy(text);
    case Shape::task_row:
      return grade_task_row(text, columns);
    case Shape::task_columns:
      return grade_task_columns(text);
    case Shape::task_in:
      return grade_task_in(text);
    case Shape::memcg_stats:
      return grade_memcg_stats(text);
    case Shape::victim:
      return grade_victim(text);
    case Shape::constraint:
      return grade_constraint(text);
    case Shape::cpu:
      return grade_cpu(text);
    case Shape::memcg_counter: {
      const auto line = parse_memcg_counter(text);
      const int score =
          line ? (line->usage_kib ? 1 : 0) + (line->limit_kib ? 1 : 0) + (line->failcnt ? 1 : 0)
               : 0;
      return {fullness_if(score == 3), score};
    }
    case Shape::kill_intent: {
      const bool whole = text.find("child") != npos;
      return {fullness_if(whole), whole ? 2 : 1};
    }
    case Shape::hardware: {
      const auto hardware = parse_hardware(text);
      const HardwareShape shape_of_it = hardware_shape(hardware.value_or(""));
      return {fullness_if(shape_of_it.whole), shape_of_it.score};
    }
    case Shape::fragment:
      return {Fullness::partial, 0};
    default:
      return {Fullness::whole, 0};
  }
}

}  // namespace whyoom::report
