// How much of a line of a known kind is there.
#include "base/text.h"
#include "report/field_lines.h"
#include "report/header_lines.h"
#include "report/memcg_lines.h"
#include "report/shape.h"
#include "report/stack_lines.h"
#include "report/task_lines.h"
#include "report/victim_lines.h"
#include "report/zone_lines.h"

namespace whyoom::report {
namespace {

constexpr auto npos = std::string_view::npos;

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
