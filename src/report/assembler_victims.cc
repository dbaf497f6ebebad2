// The kinds of line that do more than one event needs: how a report ends, and whom it killed.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "report/assembler.h"
#include "report/kernel_notices.h"

namespace whyoom::report {
namespace {

constexpr double kBurstSeconds = 10;
constexpr LineNumber kBurstLines = 100;

}  // namespace

// Of an event whose report is not in the log.
void Assembler::note_bare_manual_oom(OpenEvent& event, const Line& line) {
  constexpr LineNumber lines_left = 4;  // of a log that was searched for kills
  constexpr double at_once = 5;         // seconds
  note_manual_oom(event, line, lines_left, at_once);
}

// The event that a victim belongs to. Reports are rate limited and victims are not, so further
// victims of a burst stand without a header behind the report.
OpenEvent* Assembler::event_for_victim(const Line& line, bool known, bool memcg) {
  OpenEvent* home = nullptr;
  for (auto& event : events_) {
    if (event.superseded || !event.is_oom() || event.report.panic || event.orphan_rows ||
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
    home = &open(line);
    if (!memcg) {  // SysRq-f runs the machine's killer
      note_bare_manual_oom(*home, line);
    }
  }
  home->memcg_seen = home->memcg_seen || (known && memcg);
  home->global_seen = home->global_seen || (known && !memcg);
  return home;
}

bool Assembler::on_kill_intent(const Line& line, KernelLine& read) {
  auto& part = read.as<VictimLine>();
  Victim& victim = part.victim;
  OpenEvent* event = event_for_victim(line, true, victim.memcg);
  event->note_constraint(part.constraint, read.at);
  event->settle_intent();
  victim.monotonic_us = line.monotonic_us;
  event->intent = std::move(victim);
  return touch(*event, line, Stage::victim);
}

namespace {

// "Killed process 18662 (progb)" where only the kernel writes.
bool is_kernels_own(const logtext::Line& line, const VictimLine& victim) {
  return (line.origin == logtext::Origin::kernel || line.monotonic_us) && victim.name_alone &&
         !victim.victim.comm.empty();
}

}  // namespace

bool Assembler::on_victim(const Line& line, KernelLine& read) {
  auto& part = read.as<VictimLine>();
  const bool announced = std::ranges::any_of(
      events_, [](const OpenEvent& e) { return !e.superseded && e.intent.has_value(); });
  // Before 2.6.32 the kernel prints no sizes. Others may kill processes too.
  const bool expected = part.name_alone && std::ranges::any_of(events_, [&](const OpenEvent& e) {
                          return e.report.trigger && e.lacks_victim(part.victim.pid);
                        });
  if (part.fields == 0 && !part.has_prefix && !announced && !expected &&
      !is_kernels_own(line, part)) {
    return false;
  }
  Victim& victim = part.victim;
  OpenEvent* event = part.container.empty()
                         ? event_for_victim(line, part.has_prefix, victim.memcg)
                         : event_of_container(line, part.container, read.at);
  single_.interrupt();
  victim.monotonic_us = line.monotonic_us;
  victim.by_group = event->group_kill;
  if (event->intent) {
    // The one that was announced, or a child that was sacrificed instead of it.
    const Victim& intent = *event->intent;
    if (intent.pid == victim.pid) {
      victim.score = intent.score;
      victim.permille = intent.permille;
    } else {
      victim.instead_of = intent.pid;
    }
    victim.memcg = victim.memcg || intent.memcg;
    victim.allocating_task = victim.allocating_task || intent.allocating_task;
    event->intent.reset();
  }
  event->note_constraint(part.constraint, read.at);
  settle(*event, line, read);
  event->add_victim(std::move(victim));
  return touch(*event, line, Stage::victim);
}

bool Assembler::on_group(const Line& line, KernelLine& /*read*/) {
  OpenEvent* event = nullptr;
  for (auto& candidate : events_) {
    if (!candidate.superseded && candidate.is_oom() && !candidate.global_seen) {
      event = &candidate;
    }
  }
  if (event == nullptr) {
    event = &open(line);
  }
  event->group_kill = true;
  event->memcg_seen = true;
  return touch(*event, line, Stage::victim);
}

bool Assembler::was_killed(std::int64_t pid) const {
  return std::ranges::find(killed_, pid) != killed_.end();
}

bool Assembler::on_reaped(const Line& line, KernelLine& read) {
  Victim& victim = read.as<VictimLine>().victim;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (event->reap(victim.pid)) {
      return touch(*event, line, event->stage);
    }
  }
  if (was_killed(victim.pid)) {
    return false;  // its event went out already
  }
  // The line of the kill is lost. The kernel reaps nothing but what the OOM killer chose.
// Containers of OpenVZ are at their limits one beside the other, and no header says where a kill
// belongs.
OpenEvent* Assembler::event_of_container(const Line& line, const std::string& name, Place at) {
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    const auto& memcg = event->report.memcg;
    const auto passed = seconds_between(event->last, line);
    const LineNumber lines = line.number - std::min(line.number, event->last.line);
    const bool near = passed ? *passed <= kBurstSeconds : lines <= kBurstLines;
    if (!event->superseded && event->is_oom() && memcg && memcg->limit_path == name && near) {
      return &*event;
    }
  }
  OpenEvent* event = event_for_victim(line, true, true);
  if (event->report.memcg) {
    event = &open(line);
  }
  event->note_container(name, at);
  return event;
}

  OpenEvent* home = nullptr;
  for (auto& event : events_) {
    if (event.lacks_victim(victim.pid)) {
      home = &event;
    }
  }
  if (home == nullptr && events_.empty() && !victim.comm.empty()) {
    home = &open(line);
  }
  if (home == nullptr) {
    return false;  // some other that was dying already
  }
  victim.monotonic_us = line.monotonic_us;
  home->add_victim(std::move(victim));
  return touch(*home, line, Stage::victim);
}

OpenEvent* Assembler::event_without_victim(const Line& line) {
  OpenEvent* found = nullptr;
  for (auto& event : events_) {
    const bool callers = line.caller.empty() || event.caller.empty() || line.caller == event.caller;
    if (!event.superseded && event.is_oom() && callers && event.report.victims.empty() &&
        !event.report.panic && !event.intent && !event.orphan_rows) {
      found = &event;
    }
  }
  return found;
}

// The victim is dying already, there is none, or the kernel panics.
bool Assembler::on_no_victim(const Line& line, KernelLine& read) {
  const bool none = read.kind == &no_killable;
  auto* panic = std::get_if<Panic>(&read.part);
  OpenEvent* event = event_without_victim(line);
  if (event == nullptr || (none && event->report.no_killable_at)) {
    event = &open(line);
    if (panic != nullptr && manual_oom_panics_) {
      note_bare_manual_oom(*event, line);
    }
  }
  event->exiting = event->exiting || read.kind == &victim_exiting;
  const bool panics_of_it = panic != nullptr && panic->reason == Panic::Reason::no_killable;
  if (none || (panics_of_it && !event->report.no_killable_at)) {
    event->report.no_killable_at = place_of(line);
  }
  if (panic != nullptr) {
    event->report.panic = std::move(*panic);
  }
  return touch(*event, line, Stage::victim);
}

bool Assembler::on_sysrq(const Line& line, KernelLine& read) {
  if (read.as<Sysrq>() == Sysrq::manual_oom) {
    manual_oom_ = moment_of(line);
    // From 4.3 on it never panics (mm/oom_kill.c check_panic_on_oom()). Kernels that have "sysrq: "
    // before these words came later.
    manual_oom_panics_ = trim_left(line.text).starts_with("SysRq");
    manual_oom_line_.keep(line);
  } else if (read.as<Sysrq>() == Sysrq::show_memory) {
    show_memory_ = moment_of(line);
  } else if (manual_oom_.reset(); OpenEvent* event = event_without_victim(line)) {
    event->report.no_killable_at = place_of(line);
    touch(*event, line, Stage::victim);
  }
  return true;
}

}  // namespace whyoom::report
