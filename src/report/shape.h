// What a line of kernel text is, told from the line alone, and whether all of it is there. The
// assembler dispatches on it; the joiner uses it to put wrapped lines together again.
#pragma once

#include <cstdint>
#include <string_view>

namespace whyoom::report {

enum class Shape : std::uint8_t {
  other,
  fragment,  // the beginning of a line that a wrap cut before it can be told
  oom_header,
  failure_header,  // page allocation failure or stall, vmalloc's own header
  vmalloc,         // vmalloc's line before such a header
  slub,
  slub_cache,
  cpuset,
  cpu,
  hardware,
  trace_start,
  trace,
  mem_info,
  per_cpu,
  totals,
  node,
  node_prefix,  // "Node 0 " alone: the rest of the record came apart
  zone,
  lowmem_reserve,
  buddy,
  buddy_piece,
  hugepages,
  tail,
  slab_title,
  slab_columns,
  slab_row,
  slab_refused,
  task_title,
  task_columns,
  task_row,
  task_in,
  limit_reached,
  memcg_counter,
  memcg_stats,
  memcg_stat,
  constraint,
  constraint_rest,
  kill_intent,
  victim,
  group,
  reaped,
  victim_exiting,
  no_killable,
  panic,
  sysrq,
  fork_rejected,
  overcommit,
  numbers
};

Shape shape_of(std::string_view text);

// A line that opens something of its own is never the wrapped rest of another.
bool stands_alone(Shape shape);

enum class Fullness : std::uint8_t {
  partial,     // something that every kernel prints in this line is missing
  extensible,  // good as it is, but could go on
  whole
};

struct Grade {
  Fullness fullness = Fullness::whole;
  int score = 0;  // parts that make sense, less parts that do not
};

// `columns`: the numeric columns of the task table, 0 when not known.
Grade grade(Shape shape, std::string_view text, std::size_t columns);

}  // namespace whyoom::report
