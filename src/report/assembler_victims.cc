// The kinds of line that do more than one event needs: how a report ends, and whom it killed.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "report/assembler.h"
#include "report/kernel_notices.h"

namespace whyoom::report {
namespace {

constexpr double burst_seconds = 10;
constexpr LineNumber burst_lines = 100;

// As far as both say it.
bool can_be_same(const Victim& a, const Victim& b) {
  for (const auto size : {&Victim::total_vm_kib, &Victim::anon_rss_kib, &Victim::file_rss_kib,
                          &Victim::shmem_rss_kib}) {
    if (a.*size && b.*size && *(a.*size) != *(b.*size)) {
      return false;
    }
  }
  return a.pid == b.pid && a.comm == b.comm && !(a.score && b.score && *a.score != *b.score);
}

// A size or the score both say.
bool is_same_kill(const Victim& a, const Victim& b) {
  const bool enough = (a.total_vm_kib && b.total_vm_kib) || (a.score && b.score);
  return enough && can_be_same(a, b);
}

// Old kernels name a process again that is not dead yet, and articles have one kill in the words of
// two kernels, of which the newer says more. True: it was known.
bool is_named_again(OpenEvent& event, Victim& victim) {
  if (victim.pid == 0) {  // "VM: killing process x": its fault found that it was killed
    return std::ranges::find(event.report.victims, victim.comm, &Victim::comm) !=
           event.report.victims.end();
  }
  const auto found = event.unreaped.find(victim.pid);
  if (victim.by_group || found == event.unreaped.end()) {
    return false;
  }
  Victim& known = event.report.victims[found->second.back()];
  if (!can_be_same(known, victim)) {
    return false;
  }
  if (victim.oom_score_adj && !known.oom_score_adj) {
    victim.score = known.score;
    victim.permille = known.permille;
    std::swap(known, victim);
  }
  return true;
}

// Nothing is known of it but who was killed.
bool is_kill_alone(const OpenEvent& event) {
  const Report& report = event.report;
  return event.is_oom() && is_bare(report) && !report.mem_info_at && !report.panic &&
         report.victims.size() + (event.intent ? 1 : 0) == 1;
}

// One of them has the kernel's clock alone, and the other has it not.
bool has_other_clock(const Report& report, const logtext::Line& line) {
  return report.time.monotonic_us.has_value() != line.monotonic_us.has_value() &&
         (report.time.wall.empty() || line.wall.empty());
}

// The same line again, by the kernel's clock. A kill stands right behind its announcement.
bool is_same_line(const Victim& known, const Victim& victim, const logtext::Line& line) {
  constexpr std::uint64_t at_once_us = 1'000'000;
  if (!known.monotonic_us || !line.monotonic_us || known.pid != victim.pid ||
      known.comm != victim.comm || *known.monotonic_us < *line.monotonic_us) {
    return false;
  }
  const std::uint64_t apart = *known.monotonic_us - *line.monotonic_us;
  const bool announced = !victim.total_vm_kib && victim.score;
  return announced ? known.score == victim.score && apart <= at_once_us
                   : apart == 0 && known.total_vm_kib == victim.total_vm_kib &&
                         known.anon_rss_kib == victim.anon_rss_kib;
}

}  // namespace

// Of an event whose report is not in the log.
void Assembler::note_bare_manual_oom(OpenEvent& event, const Line& line) {
  constexpr LineNumber lines_left = 4;  // of a log that was searched for kills
  constexpr double at_once = 5;         // seconds
  note_manual_oom(event, line, lines_left, at_once);
}

// People quote the line of a kill before and behind the whole report, to which it belongs.
bool Assembler::is_quoted_again(const Line& line, const Victim& victim) {
  for (auto at = events_.begin(); at != events_.end(); ++at) {
    OpenEvent& event = *at;
    for (const Victim& known : event.report.victims) {
      if (known.pid != victim.pid) {
        continue;
      }
      const bool again = is_same_line(known, victim, line) ||
                         (event.report.time.monotonic_us && !line.monotonic_us &&
                          has_other_clock(event.report, line) && is_same_kill(known, victim));
      if (!again) {
        continue;
      }
      if (is_kill_alone(event) && event_without_victim(line) != nullptr) {
        events_.erase(at);
        return false;
      }
      for (OpenEvent& other : events_) {
        if (other.intent && other.intent->pid == victim.pid) {
          other.intent.reset();
        }
      }
      return true;
    }
  }
  return false;
}

// The event that is no more than a quotation of this kill, without the kernel's clock.
std::optional<OpenEvent> Assembler::take_quotation(const Line& line, const Victim& victim) {
  const bool announced = !victim.total_vm_kib;
  const auto quotes = [&](const OpenEvent& event) {
    const bool both_announce = announced == event.intent.has_value();
    return line.monotonic_us && is_kill_alone(event) && has_other_clock(event.report, line) &&
           (both_announce || !announced) &&
           is_same_kill(event.intent ? *event.intent : event.report.victims.front(), victim);
  };
  const auto found = std::ranges::find_if(events_, quotes);
  if (found == events_.end()) {
    return std::nullopt;
  }
  std::optional<OpenEvent> quotation(std::move(*found));
  events_.erase(found);
  return quotation;
}

// What the quotation says, and the report of the kill does not.
void Assembler::take_over(OpenEvent& event, OpenEvent&& quotation) {
  Report& report = event.report;
  if (report.time.wall.empty()) {
    report.time.wall = std::move(quotation.report.time.wall);
  }
  if (report.host.empty()) {
    report.host = std::move(quotation.report.host);
  }
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
      // One log has one frame: a line in another is of another log, as people post them.
      const bool other_log = !event.intent && has_other_clock(event.report, line);
      if (other_log || (passed ? *passed > burst_seconds : lines > burst_lines)) {
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

// Containers of OpenVZ are at their limits one beside the other, and no header says where a kill
// belongs.
OpenEvent* Assembler::event_of_container(const Line& line, const std::string& name) {
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    const auto& memcg = event->report.memcg;
    const auto passed = seconds_between(event->last, line);
    const LineNumber lines = line.number - std::min(line.number, event->last.line);
    const bool near = passed ? *passed <= burst_seconds : lines <= burst_lines;
    if (!event->superseded && event->is_oom() && memcg && memcg->limit_path == name && near) {
      return &*event;
    }
  }
  OpenEvent* event = event_for_victim(line, true, true);
  if (event->report.memcg) {
    event = &open(line);
  }
  event->note_container(name);
  return event;
}

bool Assembler::on_kill_intent(const Line& line, KernelLine& read) {
  auto& part = read.as<VictimLine>();
  Victim& victim = part.victim;
  if (is_quoted_again(line, victim)) {
    return true;
  }
  auto quotation = take_quotation(line, victim);
  OpenEvent* event = event_for_victim(line, true, victim.memcg);
  if (quotation) {
    take_over(*event, std::move(*quotation));
  }
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

// Right behind a request of 2.4 that failed it is what came of it: the fault that made the request
// killed its process (arch/i386/mm/fault.c do_page_fault()). A fault asks for single pages, and
// waits.
void Assembler::join_failed_fault(const Line& line) {
  OpenEvent* event = newest_open();
  if (event != nullptr && event->is_failure() && event->last.line + 1 == line.number &&
      event->report.trigger && event->report.trigger->comm.empty() &&
      event->report.trigger->order == 0 && event->gfp && event->gfp->names != "GFP_ATOMIC" &&
      event->report.zones.empty() &&
      std::abs(seconds_between(event->last, line).value_or(0)) <= 1) {
    event->report.kind = Kind::oom_kill;
  }
}

bool Assembler::on_victim(const Line& line, KernelLine& read) {
  if (read.kind == &fault_victim) {
    join_failed_fault(line);
  }
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
  if (is_quoted_again(line, victim)) {
    return true;
  }
  auto quotation = take_quotation(line, victim);
  OpenEvent* event = part.container.empty() ? event_for_victim(line, part.has_prefix, victim.memcg)
                                            : event_of_container(line, part.container);
  if (quotation) {
    take_over(*event, std::move(*quotation));
  }
  if (auto sent = single_.killed_by_kernel(line, victim.pid)) {
    event->report.userspace = std::move(sent);
  }
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
  if (!is_named_again(*event, victim)) {
    event->add_victim(std::move(victim));
  }
  return touch(*event, line, Stage::victim);
}

// It follows the line of a victim, whose group dies with it, also where the machine is short
// (mm/memcontrol.c mem_cgroup_get_oom_group()).
bool Assembler::on_group(const Line& line, KernelLine& /*read*/) {
  OpenEvent* event = nullptr;
  for (auto& candidate : events_) {
    if (!candidate.superseded && candidate.is_oom() &&
        (!candidate.global_seen || !candidate.report.victims.empty())) {
      event = &candidate;
    }
  }
  if (event == nullptr) {
    event = &open(line);
  }
  event->group_kill = true;
  event->memcg_seen = event->memcg_seen || !event->global_seen;
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
    // From 4.3 on it never panics (mm/oom_kill.c check_panic_on_oom()). Those print "sysrq: "
    // before these words; a kernel a little older that does so too is left open.
    manual_oom_panics_ = trim_left(line.text).starts_with("SysRq");
    manual_oom_line_.keep(line);
  } else if (read.as<Sysrq>() == Sysrq::show_memory) {
    show_memory_ = moment_of(line);
  } else if (manual_oom_.reset(); OpenEvent* event = event_without_victim(line)) {
    event->report.no_killable_at = place_of(line);
    event->report.sysrq_at = event->report.sysrq_at.value_or(place_of(line));
    touch(*event, line, Stage::victim);
  }
  return true;
}

}  // namespace whyoom::report
