#include "report/victim_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "report/header_lines.h"

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

bool constraint_complete(std::string_view text) {
  const auto constraint = parse_constraint(text, {});
  return constraint && constraint->uid && constraint->pid;
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
  struct Known {
    std::string_view text;
    Prefix prefix;
  };
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
  for (const Known& known : all) {
    if (known.text.ends_with(start)) {
      return start.size() > 2 ? known.prefix : Prefix{};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<KillIntent> parse_kill_intent(std::string_view text) {
  const std::size_t at = text.find(kKill);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(at + kKill.size()));
  const auto pid = cursor.take_unsigned();
  const auto prefix = read_prefix(text.substr(0, at));
  if (!pid || *pid > 0x7fffffff || !cursor.take(" (") || !prefix) {
    return std::nullopt;
  }
  const std::string_view rest = cursor.rest();
  const std::size_t score = rest.rfind(") score ");
  if (score == std::string_view::npos) {
    return std::nullopt;  // "Kill process %d (%s) sharing same memory"
  }
  KillIntent intent;
  intent.pid = static_cast<std::int64_t>(*pid);
  intent.comm = std::string(rest.substr(0, score));
  intent.score = Cursor(rest.substr(score + 8)).take_signed();
  intent.memcg = prefix->memcg;
  intent.allocating_task = prefix->allocating_task;
  return intent;
}

namespace {

std::optional<std::uint64_t> kib_field(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(at + key.size()));
  const auto value = cursor.take_unsigned();
  return value && cursor.take("kB") ? value : std::nullopt;
}

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
  victim.total_vm_kib = kib_field(tail, "total-vm:");
  if (!victim.total_vm_kib) {
    victim.total_vm_kib = kib_field(tail, "vsz:");
  }
  victim.anon_rss_kib = kib_field(tail, "anon-rss:");
  victim.file_rss_kib = kib_field(tail, "file-rss:");
  victim.shmem_rss_kib = kib_field(tail, "shmem-rss:");
  victim.pgtables_kib = kib_field(tail, "pgtables:");
  for (const std::string_view key : {" UID:", " UID "}) {
    const std::size_t at = tail.find(key);
    if (at != std::string_view::npos) {
      victim.uid = number_at(tail, at + key.size());
    }
  }
  const std::size_t adj = tail.find("oom_score_adj:");
  if (adj != std::string_view::npos) {
    const auto value = Cursor(tail.substr(adj + 14)).take_signed();
    if (value && *value >= -1000 && *value <= 1000) {
      victim.oom_score_adj = static_cast<int>(*value);
    }
  }
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
  const auto pid = cursor.take_unsigned();
  const auto prefix = read_prefix(text.substr(0, start));
  if (!pid || *pid > 0x7fffffff || !prefix) {
    return std::nullopt;
  }
  VictimLine line;
  Victim& victim = line.victim;
  victim.pid = static_cast<std::int64_t>(*pid);
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
  if (!cursor.take("oom_reaper: reaped process ")) {
    return std::nullopt;
  }
  const auto pid = cursor.take_unsigned();
  if (!pid || *pid > 0x7fffffff) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*pid);
}

bool is_victim_exiting(std::string_view text) {
  const std::size_t victim = text.find(": OOM victim ");
  return victim != std::string_view::npos && read_prefix(text.substr(0, victim + 2)) &&
         text.find("is already exiting") != std::string_view::npos;
}

bool is_no_killable(std::string_view text) {
  return trim_left(text).starts_with("Out of memory and no killable processes");
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

}  // namespace whyoom::report
