#include <algorithm>
#include <utility>

#include "base/text.h"
#include "report/assembly.h"
#include "report/memcg_lines.h"
#include "report/victim_lines.h"

namespace whyoom::report {
namespace {

constexpr double kBurstSeconds = 10;
constexpr LineNumber kBurstLines = 100;

bool is_oom(const OpenEvent& event) { return !event.is_failure() && !event.ignored; }

}  // namespace

bool Assembly::on_task_title(const Line& line, Shape /*shape*/) {
  OpenEvent* found = pick_or_open(line, Stage::tasks, Kind::oom_kill, [](const OpenEvent& e) {
    return is_oom(e) && !e.report.task_table_at && e.report.tasks.empty();
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  event.report.task_table_at = place(line);
  event.slab_open = false;
  event.stats_open = false;
  touch(event, line, Stage::tasks);
  return true;
}

bool Assembly::on_task_columns(const Line& line, Shape /*shape*/) {
  auto columns = parse_task_columns(line.text);
  // What is shorter can be the name of a process.
  if (!columns ||
      std::find(columns->begin(), columns->end(), TaskColumn::total_vm) == columns->end()) {
    return false;
  }
  OpenEvent* found = pick_or_open(line, Stage::tasks, Kind::oom_kill, [](const OpenEvent& e) {
    return is_oom(e) && e.columns.empty() && e.report.tasks.empty();
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  for (const TaskColumn column : *columns) {
    event.report.tasks_have_rss_kinds =
        event.report.tasks_have_rss_kinds || column == TaskColumn::rss_anon;
  }
  event.columns = std::move(*columns);
  if (!event.report.task_table_at) {
    event.report.task_table_at = place(line);
  }
  event.slab_open = false;
  event.stats_open = false;
  touch(event, line, Stage::tasks);
  return true;
}

bool Assembly::on_task_row(const Line& line, Shape /*shape*/) {
  OpenEvent* event = pick(line, Stage::tasks, [](const OpenEvent& e) { return is_oom(e); });
  if (event == nullptr) {
    event = open_without_head(line, Kind::oom_kill);
    if (event == nullptr) {
      return false;
    }
    event->orphan_rows = true;
  }
  auto task = parse_task_row(line.text, event->columns, line.number);
  if (!task) {
    const TaskColumns guessed = guess_task_columns(line.text);
    task = parse_task_row(line.text, guessed, line.number);
    if (task && task->rss_anon) {
      event->report.tasks_have_rss_kinds = true;
    }
  }
  if (!task && event->stage < Stage::tasks && !event->orphan_rows) {
    return false;  // before the table: some numbers in the name of a process
  }
  touch(*event, line, Stage::tasks);
  if (event->report.tasks.size() >= kMaxTasks) {
    ++event->rows_lost;
    return true;
  }
  if (task) {
    event->keep(event->report.tasks, std::move(*task), kMaxTasks);
  } else {
    event->damage(line.number, "a row of the task table is cut");
  }
  return true;
}

bool Assembly::on_task_in(const Line& line, Shape /*shape*/) {
  auto paths = parse_task_in(line.text);
  if (!paths) {
    return false;
  }
  OpenEvent* found = pick_or_open(line, Stage::memcg, Kind::oom_kill, [&](const OpenEvent& e) {
    return is_oom(e) && (!e.report.memcg ||
                         (e.report.memcg->limit_path.empty() && !e.report.memcg->memory.usage_kib));
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  Memcg& memcg = event.memcg(place(line));
  if (paths->task_path) {
    memcg.task_path = std::move(*paths->task_path);
  }
  if (paths->limit_path) {
    memcg.limit_path = std::move(*paths->limit_path);
  }
  touch(event, line, Stage::memcg);
  return true;
}

bool Assembly::on_limit_reached(const Line& line, Shape /*shape*/) {
  const auto path = parse_limit_reached(line.text);
  if (!path) {
    return false;
  }
  OpenEvent* found = pick_or_open(line, Stage::memcg, Kind::oom_kill, [](const OpenEvent& e) {
    return is_oom(e) && (!e.report.memcg || e.report.memcg->limit_path.empty());
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  event.memcg(place(line)).limit_path = std::string(*path);
  touch(event, line, Stage::memcg);
  return true;
}

namespace {

MemcgCounter& counter_of(Memcg& memcg, MemcgLine which) {
  switch (which) {
    case MemcgLine::memsw:
      return memcg.memsw;
    case MemcgLine::swap:
      return memcg.swap;
    case MemcgLine::kmem:
      return memcg.kmem;
    case MemcgLine::memory:
      break;
  }
  return memcg.memory;
}

}  // namespace

bool Assembly::on_memcg_counter(const Line& line, Shape /*shape*/) {
  const auto counter = parse_memcg_counter(line.text);
  if (!counter) {
    return false;
  }
  OpenEvent* found = pick_or_open(line, Stage::memcg, Kind::oom_kill, [&](const OpenEvent& e) {
    if (!is_oom(e)) {
      return false;
    }
    if (!e.report.memcg) {
      return true;
    }
    Memcg copy;
    copy.memory = e.report.memcg->memory;
    copy.memsw = e.report.memcg->memsw;
    copy.swap = e.report.memcg->swap;
    copy.kmem = e.report.memcg->kmem;
    const MemcgCounter& known = counter_of(copy, counter->which);
    return !known.usage_kib && !known.limit_kib;
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  MemcgCounter& into = counter_of(event.memcg(place(line)), counter->which);
  const auto read = [&](const std::optional<std::uint64_t>& value, Maybe<std::uint64_t>& to) {
    if (value) {
      to = Read<std::uint64_t>{*value, place(line)};
    }
  };
  read(counter->usage_kib, into.usage_kib);
  read(counter->limit_kib, into.limit_kib);
  read(counter->failcnt, into.failcnt);
  if (!counter->limit_kib) {
    event.damage(line.number, "the counters of the cgroup are cut");
  }
  touch(event, line, Stage::memcg);
  return true;
}

namespace {

// One set for each cgroup below the one whose limit was hit: the first is the topmost.
void add_children(std::vector<MemcgStat>& sum, const std::vector<MemcgStat>& stats) {
  for (const auto& stat : stats) {
    MemcgStat* into = nullptr;
    for (auto& known : sum) {
      if (known.name == stat.name) {
        into = &known;
        break;
      }
    }
    if (into == nullptr) {
      if (sum.size() < kMaxStats) {
        sum.push_back(stat);
      }
    } else {
      into->value = (Bytes(into->value) + Bytes(stat.value)).count();
    }
  }
}

}  // namespace

bool Assembly::on_memcg_stats(const Line& line, Shape /*shape*/) {
  auto stats = parse_memcg_stats(line.text, place(line));
  if (!stats) {
    return false;
  }
  OpenEvent* found = pick_or_open(line, Stage::memcg, Kind::oom_kill, [&](const OpenEvent& e) {
    return is_oom(e) && (!stats->stats.empty() || !e.report.memcg || e.report.memcg->stats.empty());
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  Memcg& memcg = event.memcg(place(line));
  if (stats->malformed) {
    event.damage(line.number, "the statistics of the cgroup are cut");
  }
  if (event.first_stats && memcg.limit_path.empty()) {
    memcg.limit_path = stats->path;
  }
  if (stats->stats.empty()) {
    event.stats_open = true;
    event.stats_framed = line.framed;
    memcg.hierarchical = true;
  } else if (event.first_stats) {
    memcg.stats = std::move(stats->stats);
  } else {
    add_children(memcg.children, stats->stats);
  }
  event.first_stats = false;
  touch(event, line, Stage::memcg);
  return true;
}

bool Assembly::on_memcg_stat(const Line& line, Shape /*shape*/) {
  auto stat = parse_memcg_stat(line.text, place(line));
  if (!stat) {
    return false;
  }
  OpenEvent* event = pick(line, Stage::memcg, [&](const OpenEvent& e) {
    return e.stats_open && e.report.memcg && e.report.memcg->stats.size() < kMaxStats &&
           (line.framed == e.stats_framed || line.continued || line.number == e.last.line + 1);
  });
  if (event == nullptr) {
    return false;
  }
  Memcg& memcg = *event->report.memcg;
  for (const auto& known : memcg.stats) {
    if (known.name == stat->name) {
      return false;
    }
  }
  if (stat->name == "cache" || stat->name == "rss") {
    memcg.hierarchical = false;  // cgroup v1: its own values, then those with "total_"
  }
  memcg.stats.push_back(std::move(*stat));
  touch(*event, line, Stage::memcg);
  return true;
}

bool Assembly::on_constraint(const Line& line, Shape /*shape*/) {
  auto constraint = parse_constraint(line.text, place(line));
  if (!constraint) {
    return false;
  }
  OpenEvent* found = pick_or_open(line, Stage::constraint, Kind::oom_kill, [](const OpenEvent& e) {
    return is_oom(e) && !e.report.constraint && e.report.victims.empty();
  });
  if (found == nullptr) {
    return false;
  }
  OpenEvent& event = *found;
  if (constraint->kind == ConstraintKind::memcg) {
    event.memcg_seen = true;
  } else {
    event.global_seen = true;
  }
  if (!constraint_complete(line.text)) {
    event.damage(line.number, "the constraint line is cut");
  }
  if (constraint_has_doubtful_names(line.text)) {
    event.damage(line.number, "a name in the constraint line holds the words of the line itself");
  }
  event.report.constraint = std::move(constraint);
  event.orphan_rows = false;
  touch(event, line, Stage::constraint);
  return true;
}

bool Assembly::on_constraint_rest(const Line& line, Shape /*shape*/) {
  OpenEvent* event = pick(line, Stage::constraint, [](const OpenEvent& e) {
    return e.report.constraint && !e.report.constraint->pid;
  });
  if (event == nullptr || !extend_constraint(line.text, *event->report.constraint)) {
    return false;
  }
  touch(*event, line, Stage::constraint);
  return true;
}

// The event that a victim belongs to. Reports are rate limited and victims are not, so further
// victims of a burst stand without a header behind the report.
OpenEvent* Assembly::event_for_victim(const Line& line, bool known, bool memcg, bool intent) {
  OpenEvent* home = nullptr;
  for (auto& event : events_) {
    if (event.superseded || !is_oom(event) || event.report.panic || event.orphan_rows ||
        !event.fits_kind(known, memcg)) {
      continue;
    }
    const bool fresh = event.report.victims.empty() && !event.report.no_killable_at;
    if (!fresh) {
      const auto passed = seconds_between(event.last, line);
      const LineNumber lines = line.number - std::min(line.number, event.last.line);
      if (passed ? *passed > kBurstSeconds : lines > kBurstLines) {
        continue;
      }
    }
    const bool own = !line.caller.empty() && line.caller == event.caller;
    const bool home_own = home != nullptr && !line.caller.empty() && line.caller == home->caller;
    if (home == nullptr || own || !home_own) {
      home = &event;
    }
  }
  if (home == nullptr) {
    // Rows of a task table whose head is lost.
    for (auto& event : events_) {
      if (!event.superseded && event.orphan_rows) {
        home = &event;
        home->orphan_rows = false;
      }
    }
  }
  if (home == nullptr) {
    home = &open(line, Kind::oom_kill);
  }
  if (!intent) {
    side_.interrupt();
  }
  home->memcg_seen = home->memcg_seen || (known && memcg);
  home->global_seen = home->global_seen || (known && !memcg);
  return home;
}

bool Assembly::on_kill_intent(const Line& line, Shape /*shape*/) {
  auto intent = parse_kill_intent(line.text);
  if (!intent) {
    return false;
  }
  OpenEvent* event = event_for_victim(line, true, intent->memcg, true);
  event->settle_intent();
  event->intent = OpenEvent::PendingKill{std::move(*intent), place(line), line.monotonic_us};
  touch(*event, line, Stage::victim);
  return true;
}

bool Assembly::on_victim(const Line& line, Shape /*shape*/) {
  auto parsed = parse_victim(line.text, place(line));
  if (!parsed) {
    return false;
  }
  const bool announced = std::any_of(events_.begin(), events_.end(), [](const OpenEvent& e) {
    return !e.superseded && e.intent.has_value();
  });
  // Every kernel that prints no sizes says "Out of memory" before; others may kill processes too.
  if (parsed->fields == 0 && !parsed->has_prefix && !announced) {
    return false;
  }
  Victim victim = std::move(parsed->victim);
  OpenEvent* event = event_for_victim(line, parsed->has_prefix, victim.memcg, false);
  victim.monotonic_us = line.monotonic_us;
  victim.by_group = event->group_kill;
  if (event->intent) {
    // The one that was announced, or a child that was sacrificed in its place.
    const KillIntent& intent = event->intent->intent;
    if (intent.pid == victim.pid) {
      victim.score = intent.score;
    }
    victim.memcg = victim.memcg || intent.memcg;
    victim.allocating_task = victim.allocating_task || intent.allocating_task;
    event->intent.reset();
  }
  if (!parsed->complete && parsed->fields == 0 && victim.comm.empty()) {
    event->damage(line.number, "the line of the victim is cut");
  }
  event->add_victim(std::move(victim));
  touch(*event, line, Stage::victim);
  return true;
}

bool Assembly::on_group(const Line& line, Shape /*shape*/) {
  OpenEvent* event = nullptr;
  for (auto& candidate : events_) {
    if (!candidate.superseded && is_oom(candidate) && !candidate.global_seen) {
      event = &candidate;
    }
  }
  if (event == nullptr) {
    event = &open(line, Kind::oom_kill);
  }
  event->group_kill = true;
  event->memcg_seen = true;
  touch(*event, line, Stage::victim);
  return true;
}

bool Assembly::on_reaped(const Line& line, Shape /*shape*/) {
  const auto pid = parse_reaped(line.text);
  if (!pid) {
    return false;
  }
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (event->reap(*pid)) {
      touch(*event, line, event->stage);
      return true;
    }
  }
  return false;
}

OpenEvent* Assembly::event_without_victim(const Line& line) {
  OpenEvent* found = nullptr;
  for (auto& event : events_) {
    const bool callers = line.caller.empty() || event.caller.empty() || line.caller == event.caller;
    if (!event.superseded && is_oom(event) && callers && event.report.victims.empty() &&
        !event.report.panic && !event.intent && !event.orphan_rows) {
      found = &event;
    }
  }
  return found;
}

bool Assembly::on_exiting(const Line& line, Shape /*shape*/) {
  OpenEvent* event = event_without_victim(line);
  if (event == nullptr) {
    event = &open(line, Kind::oom_kill);
  }
  event->exiting = true;
  touch(*event, line, Stage::victim);
  return true;
}

bool Assembly::on_no_killable(const Line& line, Shape /*shape*/) {
  OpenEvent* event = event_without_victim(line);
  if (event == nullptr || event->report.no_killable_at) {
    event = &open(line, Kind::oom_kill);
  }
  event->report.no_killable_at = place(line);
  touch(*event, line, Stage::victim);
  return true;
}

bool Assembly::on_panic(const Line& line, Shape /*shape*/) {
  auto panic = parse_oom_panic(line.text, place(line));
  if (!panic) {
    return false;
  }
  OpenEvent* event = event_without_victim(line);
  if (event == nullptr) {
    event = &open(line, Kind::oom_kill);
  }
  if (panic->reason == Panic::Reason::no_killable && !event->report.no_killable_at) {
    event->report.no_killable_at = place(line);
  }
  event->report.panic = std::move(panic);
  touch(*event, line, Stage::victim);
  return true;
}

}  // namespace whyoom::report
