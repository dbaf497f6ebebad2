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

Shape shape_of_kill(std::string_view text) {
  return parse_victim(text, {})    ? Shape::victim
         : parse_kill_intent(text) ? Shape::kill_intent
                                   : Shape::other;
}

Shape shape_of_allocation(std::string_view text) {
  return parse_failure_header(text)     ? Shape::failure_header
         : parse_vmalloc_line(text, {}) ? Shape::vmalloc
         : parse_overcommit(text, {})   ? Shape::overcommit
                                        : Shape::other;
}

Shape shape_of_oom(std::string_view text) {
  return is_victim_exiting(text)            ? Shape::victim_exiting
         : parse_sysrq(text) != Sysrq::none ? Shape::sysrq
                                            : Shape::other;
}

template <auto parse, Shape shape>
Shape shape_if(std::string_view text) {
  return parse(text) ? shape : Shape::other;
}

// Lines whose mark can stand behind other words. Of several the first decides: a user chooses the
// names of cgroups and processes, and the kernel's own words stand before them.
Shape shape_by_mark(std::string_view text) {
  using Mark = std::pair<std::string_view, Shape (*)(std::string_view)>;
  static constexpr auto panics = [](std::string_view line) { return parse_oom_panic(line, {}); };
  static constexpr std::array<Mark, 8> marks{{
      {" invoked oom-killer:", shape_if<parse_oom_header, Shape::oom_header>},
      {"Kill", shape_of_kill},
      {"alloc", shape_of_allocation},
      {"Kernel panic", shape_if<panics, Shape::panic>},
      {"rejected by pids", shape_if<parse_fork_rejected, Shape::fork_rejected>},
      {"OOM", shape_of_oom},
      {"Show Memory", shape_of_oom},
      {" cpuset=", shape_if<parse_cpuset_line, Shape::cpuset>},
  }};
  std::size_t first = npos;
  Shape shape = Shape::other;
  for (const auto& [mark, read] : marks) {
    const std::size_t at = text.find(mark);
    if (at >= first) {
      continue;
    }
    if (const Shape found = read(text); found != Shape::other) {
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

}  // namespace whyoom::report
