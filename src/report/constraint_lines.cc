#include "report/constraint_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "report/after.h"
#include "report/header_lines.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

constexpr std::string_view constraint_mark = "oom-kill:constraint=";

std::string between(std::string_view text, std::size_t from, std::size_t to) {
  return std::string(text.substr(from, to == std::string_view::npos ? to : to - from));
}

// task, pid and uid close the line; a process name can hold any of the keys.
void read_task(std::string_view text, Constraint& out) {
  constexpr std::string_view task = ",task=";
  constexpr std::string_view pid = ",pid=";
  constexpr std::string_view uid = ",uid=";
  const std::size_t uid_at = text.rfind(uid);
  if (uid_at != std::string_view::npos) {
    Cursor cursor(text.substr(uid_at + uid.size()));
    out.uid = take_uid(cursor);
  }
  const std::size_t pid_at = text.rfind(pid, uid_at);
  if (pid_at != std::string_view::npos) {
    Cursor cursor(text.substr(pid_at + pid.size()));
    out.pid = take_pid(cursor);
  }
  const std::size_t task_at = text.rfind(task, pid_at);
  if (task_at != std::string_view::npos) {
    out.task = between(text, task_at + task.size(), pid_at);
  }
}

std::optional<ConstraintKind> kind_of(std::string_view name) {
  using Name = std::pair<std::string_view, ConstraintKind>;
  static constexpr std::array<Name, 4> names{{
      {"CONSTRAINT_NONE", ConstraintKind::none},
      {"CONSTRAINT_MEMCG", ConstraintKind::memcg},
      {"CONSTRAINT_CPUSET", ConstraintKind::cpuset},
      {"CONSTRAINT_MEMORY_POLICY", ConstraintKind::mempolicy},
  }};
  for (const auto& [text, kind] : names) {
    if (text == name) {
      return kind;
    }
  }
  return std::nullopt;
}

// The value of `key`, up to the next of the keys that can follow it.
std::string value_until(std::string_view text, std::string_view key,
                        std::initializer_list<std::string_view> ends) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::size_t from = at + key.size();
  for (const auto end : ends) {
    const std::size_t to = text.find(end, from);
    if (to != std::string_view::npos) {
      return between(text, from, to);
    }
  }
  return std::string(text.substr(from));
}

}  // namespace

namespace {

// Where the list of nodes ends that stands before ",global_oom" or ",oom_memcg=".
std::size_t scope_at(std::string_view text) {
  for (const std::string_view key : {",mems_allowed=", ",nodemask="}) {
    if (const std::size_t at = text.find(key); at != std::string_view::npos) {
      const std::size_t list = at + key.size();
      return list + take_node_list(text.substr(list)).size();
    }
  }
  return std::string_view::npos;
}

// A name in the line holds the keys of the line itself: where the names begin and end cannot be
// told, and none of them is kept.
bool has_doubtful_names(std::string_view text) {
  static constexpr std::array<std::string_view, 4> keys{
      ",cpuset=", ",mems_allowed=", ",oom_memcg=", ",task_memcg="};
  return std::ranges::any_of(keys, [text](std::string_view key) {
    const std::size_t first = text.find(key);
    return first != text.npos && text.find(key, first + key.size()) != text.npos;
  });
}

}  // namespace

std::optional<Constraint> parse_constraint(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  if (!start.starts_with(constraint_mark)) {
    return std::nullopt;
  }
  const std::string_view rest = start.substr(constraint_mark.size());
  const auto kind = kind_of(rest.substr(0, rest.find(',')));
  if (!kind) {
    return std::nullopt;
  }
  Constraint out;
  out.kind = *kind;
  out.at = at;
  const std::size_t mask = rest.find(",nodemask=");
  if (mask != std::string_view::npos) {
    out.nodemask = std::string(take_node_list(rest.substr(mask + 10)));
  }
  out.cpuset = value_until(
      rest, ",cpuset=", {",mems_allowed=", ",global_oom", ",oom_memcg=", ",task_memcg="});
  const std::size_t mems = rest.find(",mems_allowed=");
  if (mems != std::string_view::npos) {
    out.mems_allowed = std::string(take_node_list(rest.substr(mems + 14)));
  }
  read_task(rest, out);
  const std::string_view head = rest.substr(0, rest.rfind(",task="));
  // Only with a cgroup's limit is there a cgroup that it belongs to; kernels of 5.2 print its path
  // behind CONSTRAINT_NONE. The name of a cpuset can hold either word.
  const std::string_view scope = head.substr(std::min(head.size(), scope_at(head)));
  if (scope.starts_with(",oom_memcg=")) {
    out.kind = ConstraintKind::memcg;
  }
  const bool memcg = out.kind == ConstraintKind::memcg;
  out.global_oom = !memcg && head.find(",global_oom") != std::string_view::npos;
  out.oom_memcg = memcg ? value_until(head, ",oom_memcg=", {",task_memcg="}) : std::string();
  out.task_memcg = value_until(head, ",task_memcg=", {});
  if (has_doubtful_names(text)) {
    out.cpuset.clear();
    out.oom_memcg.clear();
    out.task_memcg.clear();
  }
  if (!out.pid && out.task_memcg.ends_with('>')) {
    out.task_memcg.pop_back();  // a pager's mark for a cut line
  }
  return out;
}

bool extend_constraint(std::string_view text, Constraint& constraint) {
  const std::string_view rest = trim(text);
  if (!rest.starts_with(",task=") || rest.find(",pid=") == std::string_view::npos) {
    return false;
  }
  read_task(rest, constraint);
  return true;
}

namespace {

bool read_constraint(std::string_view text, Place at, KernelLine& out) {
  auto constraint = parse_constraint(text, at);
  out.fullness = Fullness::partial;
  if (!constraint) {
    return false;
  }
  out.score = 1;
  for (const bool there :
       {!constraint->nodemask.empty(), !constraint->cpuset.empty(),
        !constraint->mems_allowed.empty(), constraint->global_oom, !constraint->oom_memcg.empty(),
        !constraint->task_memcg.empty(), !constraint->task.empty(), constraint->pid.has_value(),
        constraint->uid.has_value()}) {
    out.score += there ? 1 : 0;
  }
  if (constraint->uid && constraint->pid) {
    out.fullness = Fullness::extensible;
  } else {
    out.damage.emplace_back(tr("the constraint line is cut"));
  }
  if (has_doubtful_names(text)) {
    out.damage.emplace_back(tr("a name in the constraint line holds the words of the line itself"));
  }
  out.part = std::move(*constraint);
  return true;
}

bool read_constraint_rest(std::string_view text, Place /*at*/, KernelLine& out) {
  return extend_constraint(text, out.part.emplace<Constraint>());
}

bool put_constraint(OpenEvent& event, KernelLine& read) {
  auto& constraint = read.as<Constraint>();
  (constraint.kind == ConstraintKind::memcg ? event.memcg_seen : event.global_seen) = true;
  event.report.constraint = std::move(constraint);
  event.orphan_rows = false;
  return true;
}

bool put_constraint_rest(OpenEvent& event, KernelLine& read) {
  auto& rest = read.as<Constraint>();
  event.report.constraint->task = std::move(rest.task);
  event.report.constraint->pid = rest.pid;
  event.report.constraint->uid = rest.uid ? rest.uid : event.report.constraint->uid;
  return true;
}

}  // namespace

const LineKind constraint_line{.read = read_constraint,
                               .stage = Stage::constraint,
                               .opens = true,
                               .lacks =
                                   [](const OpenEvent& e, const KernelLine&) {
                                     return e.is_oom() && !e.report.constraint &&
                                            e.report.victims.empty();
                                   },
                               .put = put_constraint,
                               .has_no_blanks = true};
const LineKind constraint_rest{
    .read = read_constraint_rest,
    .stage = Stage::constraint,
    .lacks = [](const OpenEvent& e,
                const KernelLine&) { return e.report.constraint && !e.report.constraint->pid; },
    .put = put_constraint_rest,
    .stands_alone = false};

}  // namespace whyoom::report
