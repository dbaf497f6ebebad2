#include "report/open_event.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "kernel/release.h"
#include "logtext/wall_clock.h"
#include "report/doubt.h"
#include "report/stack_lines.h"

namespace whyoom::report {

Moment moment_of(const logtext::Line& line) {
  return {line.number, line.monotonic_us, std::string(line.wall)};
}

std::optional<double> seconds_between(const Moment& earlier, const logtext::Line& line) {
  if (earlier.monotonic_us && line.monotonic_us) {
    const auto from = *earlier.monotonic_us;
    const auto to = *line.monotonic_us;
    const double distance = static_cast<double>(to > from ? to - from : from - to) / 1e6;
    return to >= from ? distance : -distance;
  }
  const auto from = logtext::seconds_of_day(earlier.wall);
  const auto to = logtext::seconds_of_day(line.wall);
  if (!from || !to) {
    return std::nullopt;
  }
  constexpr int day = 86400;
  const int forward = ((*to - *from) % day + day) % day;
  const int distance = forward > day / 2 ? forward - day : forward;
  // The same clock on another date is far away; only around midnight both can be near.
  const auto date = [](std::string_view wall) { return wall.substr(0, wall.find(':')); };
  const std::string_view old_date = date(earlier.wall);
  const std::string_view new_date = date(line.wall);
  const auto day_of = [](std::string_view text) {
    return text.substr(0, text.size() < 2 ? 0 : text.size() - 2);
  };
  if (day_of(old_date) != day_of(new_date) && *from < day - 3600) {
    return static_cast<double>(day);
  }
  return static_cast<double>(distance);
}

void begin_report(Report& report, const std::string& source, Kind kind, const logtext::Line& line) {
  report.kind = kind;
  report.source = source;
  report.first_line = line.number;
  report.last_line = line.number;
  report.time.monotonic_us = line.monotonic_us;
  report.time.wall = std::string(line.wall);
  report.host = std::string(line.host);
  report.boot = std::string(line.boot);
  report.unverified = why_unverified(line);
}

std::size_t keep_line(Report& report, const logtext::Line& line, std::size_t most) {
  if (report.lines.size() >= most) {
    return 0;
  }
  report.lines.push_back({line.number, std::string(line.text.substr(0, longest_line_text))});
  return sizeof(LogLine) + report.lines.back().text.size();
}

bool OpenEvent::ended() const {
  if (is_failure()) {
    return report.tail.reserved.has_value();
  }
  return !report.victims.empty() || report.panic || report.no_killable_at;
}

int OpenEvent::parts() const {
  int count = 0;
  for (const bool there :
       {report.stack.has_value(), report.mem_info_at.has_value() || report.memcg.has_value(),
        !report.zones.empty(), !report.tasks.empty(), report.constraint.has_value(),
        !report.victims.empty() || intent.has_value(), report.panic.has_value()}) {
    count += there ? 1 : 0;
  }
  return count;
}

// Since 3.9 a cgroup's report has its own counters instead (mm/oom_kill.c dump_header(), commit
// 58cf188ed649). What newer kernels print of zones and nodes, no older one does: see
// kernel/fields.cc.
bool OpenEvent::shows_machine() const {
  using kernel::Field;
  const auto is_newer = [](const FieldSet& fields) {
    return fields.get(Field::managed) || fields.get(Field::free_pcp) ||
           fields.get(Field::local_pcp) || fields.get(Field::free_cma) ||
           fields.get(Field::writepending) || fields.get(Field::reserved_highatomic);
  };
  return !report.mixed_at &&
         (report.tail.since_3_9 || !report.hugepages.empty() || !report.nodes.empty() ||
          is_newer(report.totals) || std::ranges::any_of(report.zones, is_newer, &Zone::fields));
}

bool OpenEvent::fits_kind(bool known, bool memcg) const {
  if (is_failure()) {
    return false;
  }
  if (!known) {
    return true;
  }
  // Mem-Info without a cgroup's lines is a report of the machine.
  const bool global =
      global_seen ||
      (!memcg_seen && (report.mem_info_at || !report.zones.empty() || shows_machine()));
  return memcg ? !global : !memcg_seen;
}

namespace {

// Of one of two times that stand below each other a digit was lost: "34731" and "4731".
bool differ_by_a_digit(const Moment& before, const logtext::Line& line) {
  if (!before.monotonic_us || !line.monotonic_us) {
    return std::max(before.wall.size(), line.wall.size()) ==
           std::min(before.wall.size(), line.wall.size()) + 1;
  }
  const auto seconds = std::minmax({*before.monotonic_us / 1000000, *line.monotonic_us / 1000000});
  for (std::uint64_t unit = 1; unit <= seconds.second; unit *= 10) {
    const std::uint64_t without = seconds.second / unit / 10 * unit + seconds.second % unit;
    if (without <= seconds.first + 1 && seconds.first <= without + 1) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool OpenEvent::gone(const logtext::Line& line, std::uint64_t foreign_lines) const {
  if (line.number == last.line + 1 && line.monotonic_us && last.monotonic_us &&
      *line.monotonic_us - *last.monotonic_us < one_second) {
    return false;  // most lines: the next one, and at once
  }
  const LineNumber between = line.number > last.line ? line.number - last.line : 0;
  const LineNumber lines = between - std::min<LineNumber>(between, foreign_lines - foreign);
  const bool over = superseded || ended();
  // What comes behind the tail, the kernel prints at once.
  constexpr LineNumber lone_lines = 20;
  constexpr double lone_seconds = 5;
  if (lone_tail && lines > lone_lines) {
    return true;
  }
  const bool timed = last.monotonic_us || !last.wall.empty();
  if (lines > (timed ? (over ? 2000U : 4000U) : (over ? 100U : 400U))) {
    return true;
  }
  const auto passed = seconds_between(last, line);
  if (!passed || (between == 1 && !over && differ_by_a_digit(last, line))) {
    return false;
  }
  // The clock of a syslog is that of the daemon, which may starve during a report.
  const bool exact = last.monotonic_us && line.monotonic_us;
  const double most = lone_tail ? lone_seconds : over ? 10.0 : exact ? 60.0 : 120.0;
  return *passed > most || *passed < -2.0;
}

bool OpenEvent::in_the_midst(const logtext::Line& line) const {
  // A failure can end with its stack: what it prints of memory is rate limited.
  if (ignored || ended() || (is_failure() && stage <= Stage::stack)) {
    return false;
  }
  constexpr double few_seconds = 2;
  constexpr LineNumber few_lines = 400;
  const auto passed = seconds_between(last, line);
  return passed ? *passed >= -few_seconds && *passed <= few_seconds
                : line.number - std::min(line.number, last.line) <= few_lines;
}

void OpenEvent::mix(LineNumber line) {
  if (!report.mixed_at) {
    report.mixed_at = Place{0, line};
    damage(line,
           tr("another report was printed at the same time: which line is of which is a guess"));
  }
}

void OpenEvent::damage(LineNumber line, std::string what) {
  if (report.damage.size() < most_damage) {
    report.damage.push_back({line, std::move(what)});
  }
}

void OpenEvent::note_constraint(std::optional<ConstraintKind> kind, Place at) {
  if (kind && !report.constraint) {
    report.constraint.emplace();
    report.constraint->kind = *kind;
    report.constraint->at = at;
  }
}

// Where no process may be killed the kernel panics, unless a cgroup or SysRq asked. 4.19 and later
// print that line in both cases (mm/oom_kill.c out_of_memory(), commit 3100dab2aa09).
void OpenEvent::note_going_on(const logtext::Line& line) {
  constexpr double restart_seconds = 5;  // no machine is up again so soon
  const bool sysrq = report.sysrq_at || (report.trigger && report.trigger->order == -1);
  if (!report.no_killable_at || report.panic || sysrq || global_seen) {
    return;
  }
  const auto passed = seconds_between(last, line);
  memcg_seen = memcg_seen ||
               (passed ? *passed >= 0 && *passed <= restart_seconds : line.number == last.line + 1);
}

void OpenEvent::settle_intent() {
  if (!intent) {
    return;
  }
  Victim victim = std::move(*intent);
  intent.reset();
  add_victim(std::move(victim));
}

StackDump& OpenEvent::stack(Place at) {
  if (!report.stack) {
    report.stack.emplace();
    report.stack->at = at;
  }
  return *report.stack;
}

Memcg& OpenEvent::memcg() {
  memcg_seen = true;
  return report.memcg ? *report.memcg : report.memcg.emplace();
}

void OpenEvent::note_container(const std::string& name) {
  Memcg& whose = memcg();
  whose.limit_path = name;
  whose.task_path = name;
}

const Zone* OpenEvent::find_zone(int node, std::string_view name) const {
  const auto found = zones_of.find(node);
  if (found != zones_of.end()) {
    for (const std::uint32_t index : found->second) {
      if (report.zones[index].name == name) {
        return &report.zones[index];
      }
    }
  }
  return nullptr;
}

Zone* OpenEvent::find_zone(int node, std::string_view name) {
  return const_cast<Zone*>(std::as_const(*this).find_zone(node, name));
}

bool OpenEvent::has_sizes_of(int node, std::string_view name) const {
  const auto found = zones_of.find(node);
  return found != zones_of.end() && std::ranges::any_of(found->second, [&](std::uint32_t index) {
           return report.zones[index].name == name && !report.zones[index].fields.empty();
         });
}

Zone* OpenEvent::add_zone(Zone&& zone) {
  auto& own = zones_of[zone.node];
  if (own.size() >= most_node_zones) {
    ++rows_lost;
    return nullptr;
  }
  if (!keep(report.zones, std::move(zone))) {
    return nullptr;
  }
  constexpr std::size_t blocks_and_reserves = 1024;
  bytes += blocks_and_reserves;
  own.push_back(static_cast<std::uint32_t>(report.zones.size() - 1));
  return &report.zones.back();
}

void OpenEvent::add_victim(Victim&& victim) {
  const std::int64_t pid = victim.pid;
  if (keep(report.victims, std::move(victim))) {
    unreaped[pid].push_back(static_cast<std::uint32_t>(report.victims.size() - 1));
  }
}

bool OpenEvent::lacks_victim(std::int64_t pid) const {
  if (!is_oom() || !report.victims.empty() || intent || report.panic || report.no_killable_at ||
      exiting || orphan_rows || lone_tail) {
    return false;
  }
  if (report.constraint && report.constraint->pid) {
    return *report.constraint->pid == pid;
  }
  return !superseded;
}

bool OpenEvent::reap(std::int64_t pid) {
  const auto found = unreaped.find(pid);
  if (found == unreaped.end()) {
    return false;
  }
  report.victims[found->second.back()].reaped = true;
  found->second.pop_back();
  if (found->second.empty()) {
    unreaped.erase(found);
  }
  return true;
}

namespace {

bool substantial(const OpenEvent& event) {
  const Report& r = event.report;
  if (event.ignored) {
    return false;
  }
  if (event.orphan_rows) {
    return r.tasks.size() >= 3 && r.first_line <= start_lines;
  }
  // "Mem-Info:" alone is no more than a word.
  return r.trigger || event.lone_trace || (r.mem_info_at && r.stack) || !r.totals.empty() ||
         !r.nodes.empty() || !r.zones.empty() || r.task_table_at || r.tasks.size() >= 3 ||
         r.constraint || r.memcg || !r.victims.empty() || r.panic || r.no_killable_at || r.slub ||
         r.vmalloc || event.exiting;
}

void decode_gfp(OpenEvent& event) {
  if (!event.gfp || !event.report.trigger) {
    return;
  }
  const std::string_view release = release_of(event.report);
  // Behind the mask of an OOM comes the order (2.6.9 has nothing; it came in the 2.6 line), and
  // from 4.6 on the names ("%pGg"). Without them the line is cut here.
  const auto version = kernel::parse_release(release);
  const bool may_end =
      event.is_failure() ? !version || !version->at_least(4, 6) : version && version->major == 2;
  if (event.gfp->ends_line && !may_end) {
    return;
  }
  Trigger& trigger = *event.report.trigger;
  trigger.gfp = event.gfp->names ? kernel::gfp_from_names(event.gfp->mask, *event.gfp->names)
                                 : kernel::gfp_from_mask(event.gfp->mask, release);
  if (event.gfp->names) {
    if (auto read = kernel::gfp_with_damaged_names(*trigger.gfp, release)) {
      trigger.gfp = std::move(*read);
      event.damage(trigger.at.line, tr("the names of the request's flags are damaged; its mask "
                                       "says which they are"));
    }
  }
}

// Some kernels and tools write "comm:pid". Kernel threads have colons of their own ("kworker/0:1").
void split_pid(Trigger& trigger) {
  const std::size_t colon = trigger.comm.rfind(':');
  if (trigger.pid || colon == std::string::npos || colon == 0 ||
      trigger.comm.find('/') != std::string::npos) {
    return;
  }
  const auto pid = parse_number<std::int64_t>(std::string_view(trigger.comm).substr(colon + 1));
  if (pid && *pid >= 100 && *pid < 4194304) {
    trigger.pid = pid;
    trigger.comm.resize(colon);
  }
}

// Limits of memory for cgroups came with 2.6.25 (mm/memcontrol.c); the header names who asked since
// 2.6.17 (mm/oom_kill.c out_of_memory()).
bool knows_no_cgroup(const Report& report) {
  const auto release = kernel::parse_release(release_of(report));
  return (report.trigger && report.trigger->unnamed) ||
         (release && *release < kernel::Release{2, 6, 25});
}

void name_kind(OpenEvent& event) {
  Report& report = event.report;
  if (event.is_failure()) {
    return;
  }
  report.by_kswapd = event.oom_caller.is_kswapd();
  // kthreadd makes the kernel's threads, and what these are made of is charged to no cgroup
  // (init/main.c rest_init(), mm/memcontrol.c memcg_kmem_bypass()).
  const auto& trigger = report.trigger;
  const bool kthreadd = trigger && trigger->comm == "kthreadd" && trigger->pid == 2;
  const bool of_no_cgroup = trigger && trigger->gfp && trigger->order == 0 &&
                            kernel::is_of_no_cgroup(trigger->gfp->flags);
  const bool machine = event.oom_caller.is_allocator() || report.by_kswapd || kthreadd ||
                       of_no_cgroup ||
                       (tells_of_oom(report) && (knows_no_cgroup(report) || event.shows_machine()));
  report.known_global = event.global_seen || (machine && !event.memcg_seen);
  if (report.panic) {
    report.kind = Kind::oom_panic;
    report.outcome = Outcome::panic;
    return;
  }
  report.kind = event.memcg_seen ? Kind::memcg_oom_kill : Kind::oom_kill;
  if (!report.victims.empty()) {
    report.outcome = Outcome::killed;
  } else if (report.no_killable_at) {
    report.outcome = Outcome::no_victim;
  } else if (event.exiting) {
    report.outcome = Outcome::recovered;
  }
}

// The constraint line names the victim too; the line of the kill can be lost.
void complete_victims(OpenEvent& event) {
  Report& report = event.report;
  if (!report.constraint || !report.constraint->pid || event.exiting || report.panic ||
      report.no_killable_at) {
    return;
  }
  const Constraint& said = *report.constraint;
  if (report.victims.empty()) {
    Victim victim;
    victim.pid = *said.pid;
    victim.comm = said.task;
    victim.memcg = said.kind == ConstraintKind::memcg;
    victim.at = said.at;
    event.add_victim(std::move(victim));
  }
  Victim& victim = report.victims.front();
  if (victim.pid == *said.pid && !victim.uid) {
    victim.uid = said.uid;
  }
}

// What a pager cut is not the whole of a name; the line of the kill may have it.
void drop_cut_names(OpenEvent& event) {
  Report& report = event.report;
  if (!event.cut_by_pager) {
    return;
  }
  for (Task& task : report.tasks) {
    if (task.comm.ends_with('>')) {
      task.comm.clear();
    }
  }
  for (Victim& victim : report.victims) {
    if (victim.comm.ends_with('>')) {
      victim.comm.clear();
    }
    const auto row = std::ranges::find(report.tasks, victim.pid, &Task::pid);
    if (row != report.tasks.end() && row->comm.empty()) {
      row->comm = victim.comm;
    }
  }
}

// From 5.0 on the constraint line ends with the uid. What stands at the end of one without it may
// be a part of a path, or of a number.
void drop_cut_constraint(Report& report) {
  if (!report.constraint || report.constraint->uid) {
    return;
  }
  Constraint& line = *report.constraint;
  if (line.pid) {
    line.pid.reset();
  } else if (!line.task.empty()) {
    line.task.clear();
  } else if (!line.task_memcg.empty()) {
    line.task_memcg.clear();
  } else {
    line.oom_memcg.clear();
  }
}

void complete_memcg(OpenEvent& event) {
  Report& report = event.report;
  if (!report.constraint || report.constraint->oom_memcg.empty()) {
    return;
  }
  Memcg& memcg = event.memcg();
  memcg.limit_path = report.constraint->oom_memcg;
  if (!report.constraint->task_memcg.empty()) {
    memcg.task_path = report.constraint->task_memcg;
  }
}

}  // namespace

std::optional<Report> close_event(OpenEvent&& event) {
  event.settle_intent();
  if (!substantial(event)) {
    return std::nullopt;
  }
  if (event.rows_lost > 0) {
    event.damage(event.last.line,
                 tr("{} rows of a table were not kept", std::to_string(event.rows_lost)));
  }
  drop_cut_constraint(event.report);
  complete_memcg(event);
  complete_victims(event);
  drop_cut_names(event);
  decode_gfp(event);
  name_kind(event);
  if (event.report.trigger) {
    split_pid(*event.report.trigger);
  }
  return std::move(event.report);
}

}  // namespace whyoom::report
