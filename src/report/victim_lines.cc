#include "report/victim_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

constexpr std::string_view kConstraint = "oom-kill:constraint=";
constexpr std::string_view kKilled = "Killed process ";
constexpr std::string_view kKill = "Kill process ";

std::string between(std::string_view text, std::size_t from, std::size_t to) {
  return std::string(text.substr(from, to == std::string_view::npos ? to : to - from));
}

std::optional<std::int64_t> number_at(std::string_view text, std::size_t at) {
  const auto value = Cursor(text.substr(at)).take_unsigned();
  if (!value || *value > 0xffffffffU) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

// task, pid and uid close the line; a process name can hold any of the keys.
void read_task(std::string_view text, Constraint& out) {
  constexpr std::string_view task = ",task=";
  constexpr std::string_view pid = ",pid=";
  constexpr std::string_view uid = ",uid=";
  const std::size_t uid_at = text.rfind(uid);
  if (uid_at != std::string_view::npos) {
    out.uid = number_at(text, uid_at + uid.size());
  }
  const std::size_t pid_at = text.rfind(pid, uid_at);
  if (pid_at != std::string_view::npos) {
    out.pid = number_at(text, pid_at + pid.size());
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

bool constraint_has_doubtful_names(std::string_view text) {
  static constexpr std::array<std::string_view, 4> keys{
      ",cpuset=", ",mems_allowed=", ",oom_memcg=", ",task_memcg="};
  return std::any_of(keys.begin(), keys.end(),
                     [text](std::string_view key) { return text.find(key) != text.rfind(key); });
}

std::optional<Constraint> parse_constraint(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  if (!start.starts_with(kConstraint)) {
    return std::nullopt;
  }
  const std::string_view rest = start.substr(kConstraint.size());
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
  // Only with a cgroup's limit is there a cgroup that it belongs to.
  const bool memcg = out.kind == ConstraintKind::memcg;
  out.global_oom = !memcg && rest.find(",global_oom") != std::string_view::npos;
  read_task(rest, out);
  const std::string_view head = rest.substr(0, rest.rfind(",task="));
  out.oom_memcg = memcg ? value_until(head, ",oom_memcg=", {",task_memcg="}) : std::string();
  out.task_memcg = value_until(head, ",task_memcg=", {});
  if (constraint_has_doubtful_names(text)) {
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

struct Prefix {
  bool known = false;
  bool memcg = false;
  bool allocating_task = false;
};

// What the kernel says before it names the victim, or nothing. A log can begin inside of it; any
// other word before it makes the line somebody else's: it can hold names that users choose.
std::optional<Prefix> read_prefix(std::string_view text) {
  using Known = std::pair<std::string_view, Prefix>;
  static constexpr std::array<Known, 4> all{{
      {"Memory cgroup out of memory: ", {true, true, false}},
      {"Out of memory (oom_kill_allocating_task): ", {true, false, true}},
      {"Out of memory: ", {true, false, false}},
      {"Out of Memory: ", {true, false, false}},
  }};
  const std::string_view start = trim_left(text);
  if (start.empty()) {
    return Prefix{};
  }
  for (const auto& [words, prefix] : all) {
    if (words.ends_with(start)) {
      return start.size() > 2 ? prefix : Prefix{};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<VictimLine> parse_kill_intent(std::string_view text, Place at) {
  const std::size_t start = text.find(kKill);
  if (start == std::string_view::npos) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(start + kKill.size()));
  const auto pid = take_pid(cursor);
  const auto prefix = read_prefix(text.substr(0, start));
  if (!pid || !cursor.take(" (") || !prefix) {
    return std::nullopt;
  }
  const std::string_view rest = cursor.rest();
  const std::size_t score = rest.rfind(") score ");
  if (score == std::string_view::npos) {
    return std::nullopt;  // "Kill process %d (%s) sharing same memory"
  }
  VictimLine line;
  line.victim.pid = *pid;
  line.victim.comm = std::string(rest.substr(0, score));
  line.victim.score = Cursor(rest.substr(score + 8)).take_signed();
  line.victim.memcg = prefix->memcg;
  line.victim.allocating_task = prefix->allocating_task;
  line.victim.at = at;
  return line;
}

namespace {

// Where the name ends: the rightmost place where one of the known tails begins.
std::size_t find_name_end(std::string_view rest) {
  static constexpr std::array<std::string_view, 3> tails{") total-vm:", ") vsz:", "), UID "};
  for (const auto tail : tails) {
    const std::size_t at = rest.rfind(tail);
    if (at != std::string_view::npos) {
      return at;
    }
  }
  const std::string_view trimmed = trim_right(rest);
  if (trimmed.ends_with(").")) {
    return trimmed.size() - 2;
  }
  if (trimmed.ends_with(')')) {
    return trimmed.size() - 1;
  }
  return std::string_view::npos;
}

void read_victim_fields(std::string_view tail, VictimLine& line) {
  Victim& victim = line.victim;
  victim.total_vm_kib = kib_after(tail, "total-vm:");
  if (!victim.total_vm_kib) {
    victim.total_vm_kib = kib_after(tail, "vsz:");
  }
  victim.anon_rss_kib = kib_after(tail, "anon-rss:");
  victim.file_rss_kib = kib_after(tail, "file-rss:");
  victim.shmem_rss_kib = kib_after(tail, "shmem-rss:");
  victim.pgtables_kib = kib_after(tail, "pgtables:");
  for (const std::string_view key : {" UID:", " UID "}) {
    const std::size_t at = tail.find(key);
    if (at != std::string_view::npos) {
      victim.uid = number_at(tail, at + key.size());
    }
  }
  victim.oom_score_adj = int_after(tail, "oom_score_adj:", -1000, 1000);
  for (const bool there : {victim.total_vm_kib.has_value(), victim.anon_rss_kib.has_value(),
                           victim.file_rss_kib.has_value(), victim.shmem_rss_kib.has_value(),
                           victim.pgtables_kib.has_value(), victim.uid.has_value(),
                           victim.oom_score_adj.has_value()}) {
    line.fields += there ? 1 : 0;
  }
}

}  // namespace

std::optional<VictimLine> parse_victim(std::string_view text, Place at) {
  const std::size_t start = text.find(kKilled);
  if (start == std::string_view::npos) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(start + kKilled.size()));
  const auto pid = take_pid(cursor);
  const auto prefix = read_prefix(text.substr(0, start));
  if (!pid || !prefix) {
    return std::nullopt;
  }
  VictimLine line;
  Victim& victim = line.victim;
  victim.pid = *pid;
  victim.at = at;
  if (cursor.take(", UID ")) {  // el6 has it before the name
    if (const auto uid = cursor.take_unsigned()) {
      victim.uid = static_cast<std::int64_t>(*uid & 0xffffffffU);
    }
    cursor.take(',');
  }
  cursor.skip_spaces();
  const bool named = cursor.take('(');
  const std::string_view rest = cursor.rest();
  const std::size_t end = named ? find_name_end(rest) : std::string_view::npos;
  const bool goes_on = end == std::string_view::npos && rest.find(')') != std::string_view::npos;
  if ((!named && !rest.empty()) || (goes_on && !prefix->known)) {
    return std::nullopt;  // a sentence about a process, not the kernel's
  }
  victim.comm = std::string(rest.substr(0, end));
  victim.memcg = prefix->memcg;
  victim.allocating_task = prefix->allocating_task;
  line.has_prefix = prefix->known;
  if (end != std::string_view::npos) {
    const auto uid = victim.uid;
    read_victim_fields(rest.substr(end + 1), line);
    if (!victim.uid) {
      victim.uid = uid;
    }
    const std::string_view tail = trim(rest.substr(end));
    line.complete = tail == ")." || victim.oom_score_adj || (victim.file_rss_kib && uid);
  }
  return line;
}

std::optional<std::string_view> parse_group(std::string_view text) {
  constexpr std::string_view head = "Tasks in ";
  constexpr std::string_view tail = " are going to be killed due to memory.oom.group set";
  const std::string_view start = trim_left(text);
  const std::size_t end = start.rfind(tail);
  if (!start.starts_with(head) || end == std::string_view::npos || end < head.size()) {
    return std::nullopt;
  }
  return start.substr(head.size(), end - head.size());
}

std::optional<std::int64_t> parse_reaped(std::string_view text) {
  Cursor cursor(trim_left(text));
  return cursor.take("oom_reaper: reaped process ") ? take_pid(cursor) : std::nullopt;
}

bool is_victim_exiting(std::string_view text) {
  const std::size_t victim = text.find(": OOM victim ");
  return victim != std::string_view::npos && read_prefix(text.substr(0, victim + 2)) &&
         text.find("is already exiting") != std::string_view::npos;
}

std::optional<Panic> parse_oom_panic(std::string_view text, Place at) {
  constexpr std::string_view key = "Kernel panic - not syncing: ";
  const std::string_view start = trim_left(text);
  // "---[ end Kernel panic - not syncing: ... ]---" closes the dump of the same panic.
  if (!start.starts_with(key)) {
    return std::nullopt;
  }
  const std::string_view what = trim(start.substr(key.size()));
  Panic panic;
  panic.text = std::string(what);
  panic.at = at;
  if (what.find("panic_on_oom") != std::string_view::npos) {
    panic.reason = what.find("ompulsory") != std::string_view::npos
                       ? Panic::Reason::panic_on_oom_compulsory
                       : Panic::Reason::panic_on_oom_system_wide;
  } else if (what.starts_with("System is deadlocked on memory")) {
    panic.reason = Panic::Reason::deadlocked;
  } else if (what.starts_with("Out of memory and no killable processes")) {
    panic.reason = Panic::Reason::no_killable;
  } else {
    return std::nullopt;
  }
  return panic;
}

Sysrq parse_sysrq(std::string_view text) {
  const std::string_view start = trim_left(text);
  const bool sysrq =
      start.starts_with("sysrq:") || start.starts_with("SysRq :") || start.starts_with("SysRq:");
  if (sysrq && start.find("Manual OOM execution") != std::string_view::npos) {
    return Sysrq::manual_oom;
  }
  if (sysrq && start.find("Show Memory") != std::string_view::npos) {
    return Sysrq::show_memory;
  }
  return start.find("OOM request ignored") != std::string_view::npos ? Sysrq::nothing_eligible
                                                                     : Sysrq::none;
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
    out.damage.emplace_back("the constraint line is cut");
  }
  if (constraint_has_doubtful_names(text)) {
    out.damage.emplace_back("a name in the constraint line holds the words of the line itself");
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

bool read_kill_intent(std::string_view text, Place at, KernelLine& out) {
  auto line = parse_kill_intent(text, at);
  if (!line) {
    return false;
  }
  const bool whole = text.find("child") != std::string_view::npos;
  out.fullness = whole_if(whole);
  out.score = whole ? 2 : 1;
  out.part = std::move(*line);
  return true;
}

bool read_victim(std::string_view text, Place at, KernelLine& out) {
  auto line = parse_victim(text, at);
  if (!line) {
    return false;
  }
  out.score = static_cast<int>(line->fields) + (line->victim.comm.empty() ? 0 : 1);
  out.fullness = line->complete              ? Fullness::whole
                 : line->victim.file_rss_kib ? Fullness::extensible
                                             : Fullness::partial;
  if (!line->complete && out.score == 0) {
    out.damage.emplace_back("the line of the victim is cut");
  }
  out.part = std::move(*line);
  return true;
}

bool read_group(std::string_view text, Place /*at*/, KernelLine& out) {
  if (!parse_group(text)) {
    out.kind = &unknown_line;
    return false;
  }
  return true;
}

bool read_reaped(std::string_view text, Place /*at*/, KernelLine& out) {
  const auto pid = parse_reaped(text);
  out.part.emplace<VictimLine>().victim.pid = pid.value_or(0);
  return pid.has_value();
}

bool read_sysrq(std::string_view text, Place /*at*/, KernelLine& out) {
  const Sysrq sysrq = parse_sysrq(text);
  out.part = sysrq;
  return sysrq != Sysrq::none;
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
const LineKind kill_intent{.read = read_kill_intent, .stage = Stage::victim};
const LineKind victim_line{.read = read_victim, .stage = Stage::victim};
const LineKind kill_group{.read = read_group, .stage = Stage::victim};
const LineKind reaped{.read = read_reaped, .stage = Stage::victim};
const LineKind victim_exiting{
    .read = [](std::string_view text, Place, KernelLine&) { return is_victim_exiting(text); },
    .stage = Stage::victim};
const LineKind no_killable{.stage = Stage::victim};
const LineKind oom_panic{.read = read_part<parse_oom_panic>, .stage = Stage::victim};
const LineKind sysrq_line{.read = read_sysrq, .stage = Stage::victim};

}  // namespace whyoom::report
