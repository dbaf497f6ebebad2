#include <utility>

#include "base/text.h"
#include "report/assembly.h"
#include "report/neighbour_lines.h"
#include "report/stack_lines.h"

namespace whyoom::report {
namespace {

constexpr LineNumber kSysrqLines = 40;
constexpr LineNumber kOrphanLines = 80;
constexpr LineNumber kSlubLines = 100;

bool within(const Moment& moment, const logtext::Line& line, LineNumber lines) {
  return line.number >= moment.line && line.number - moment.line <= lines;
}

// Functions whose presence says what a stack is about.
struct Signs {
  bool failure = false, oom = false, memcg = false;
};
Signs signs_of(std::string_view function) {
  const auto is = [&](std::string_view name) { return function.starts_with(name); };
  Signs signs;
  signs.failure = is("warn_alloc");
  signs.memcg = is("mem_cgroup_out_of_memory") || is("mem_cgroup_oom_synchronize");
  signs.oom = signs.memcg || is("out_of_memory") || is("oom_kill_process") || is("dump_header");
  return signs;
}

}  // namespace

// A report of the OOM killer is over when the next begins: the kernel has one lock for them. Only
// a lock that failed to print (lost lines, a vendor's kernel) leaves two of them mixed.
void Assembly::end_former(const Line& line) {
  for (auto& event : events_) {
    if (event.superseded || event.is_failure()) {
      continue;
    }
    const bool other_caller =
        !event.caller.empty() && !line.caller.empty() && event.caller != line.caller;
    if (!(other_caller && event.parts() < 2 && !event.ended())) {
      event.superseded = true;
    }
  }
}

bool Assembly::on_header(const Line& line, Shape /*shape*/) {
  auto header = parse_oom_header(line.text);
  if (!header) {
    return false;
  }
  side_.interrupt();
  end_former(line);
  OpenEvent& event = open(line, Kind::oom_kill);
  Trigger trigger;
  trigger.comm = std::move(header->comm);
  trigger.order = header->order;
  trigger.oom_score_adj = header->oom_score_adj;
  trigger.nodemask = std::move(header->nodemask);
  trigger.at = place(line);
  event.report.trigger = std::move(trigger);
  event.gfp = std::move(header->gfp);
  if (!oom_header_complete(line.text)) {
    event.damage(line.number, "the header line is cut");
  }
  if (manual_oom_ && within(manual_oom_->moment, line, kSysrqLines)) {
    event.report.sysrq_at = manual_oom_->at;
  }
  manual_oom_.reset();
  orphan_.reset();
  touch(event, line, Stage::header);
  return true;
}

bool Assembly::on_failure(const Line& line, Shape /*shape*/) {
  auto header = parse_failure_header(line.text);
  if (!header) {
    return false;
  }
  OpenEvent* event = nullptr;
  for (auto& old : events_) {
    if (old.superseded || !old.is_failure()) {
      continue;
    }
    // "vmalloc: allocation failure: 0 bytes" stands before its header.
    if (!old.report.trigger && old.report.vmalloc && old.report.zones.empty()) {
      event = &old;
    } else if (old.ended() || (!old.caller.empty() && old.caller == line.caller)) {
      old.superseded = true;
    }
  }
  if (event == nullptr) {
    event = &open(line, Kind::page_allocation_failure);
  }
  Trigger trigger;
  trigger.comm = std::move(header->comm);
  trigger.order = header->order;
  trigger.nodemask = std::move(header->nodemask);
  trigger.at = place(line);
  event->report.trigger = std::move(trigger);
  event->gfp = std::move(header->gfp);
  event->report.cpuset = std::move(header->cpuset);
  event->report.mems_allowed = std::move(header->mems_allowed);
  if (header->vmalloc) {
    event->report.vmalloc = std::move(header->vmalloc);
    event->report.vmalloc->at = place(line);
  }
  if (header->stalled) {
    event->report.outcome = Outcome::recovered;
  }
  if (!event->gfp) {
    event->damage(line.number, "the header line is cut");
  }
  orphan_.reset();
  touch(*event, line, Stage::header);
  return true;
}

bool Assembly::on_vmalloc(const Line& line, Shape /*shape*/) {
  auto failure = parse_vmalloc_line(line.text, place(line));
  if (!failure) {
    return false;
  }
  OpenEvent& event = open(line, Kind::page_allocation_failure);
  event.report.vmalloc = std::move(failure);
  touch(event, line, Stage::header);
  return true;
}

bool Assembly::on_slub(const Line& line, Shape /*shape*/) {
  const auto slub = parse_slub(line.text);
  if (!slub) {
    return false;
  }
  OpenEvent* home = nullptr;
  for (auto& event : events_) {
    const bool callers = line.caller.empty() || event.caller.empty() || line.caller == event.caller;
    if (!event.superseded && event.is_failure() && callers &&
        within(event.last, line, kSlubLines)) {
      home = &event;
    }
  }
  if (home != nullptr && home->report.slub) {
    touch(*home, line, home->stage);  // the same trouble again
    return true;
  }
  if (home == nullptr) {
    home = &open(line, Kind::page_allocation_failure);
    Trigger trigger;
    trigger.at = place(line);
    home->report.trigger = std::move(trigger);
    home->gfp = slub->gfp;
  }
  home->report.slub = SlubFailure{};
  home->report.slub->node = slub->node;
  home->report.slub->at = place(line);
  touch(*home, line, home->stage);
  return true;
}

bool Assembly::on_slub_cache(const Line& line, Shape /*shape*/) {
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (event->report.slub && event->report.slub->cache.empty() &&
        read_slub_cache(line.text, *event->report.slub)) {
      touch(*event, line, event->stage);
      return true;
    }
  }
  return false;
}

bool Assembly::on_sysrq(const Line& line, Shape /*shape*/) {
  switch (parse_sysrq(line.text)) {
    case report::Sysrq::manual_oom:
      manual_oom_ = Sysrq{place(line), moment_of(line)};
      return true;
    case report::Sysrq::show_memory:
      show_memory_ = moment_of(line);
      return true;
    case report::Sysrq::nothing_eligible:
      if (OpenEvent* event = event_without_victim(line)) {
        event->report.no_killable_at = place(line);
        touch(*event, line, Stage::victim);
      }
      return true;
    case report::Sysrq::none:
      break;
  }
  return false;
}

bool Assembly::on_cpuset(const Line& line, Shape /*shape*/) {
  auto cpuset = parse_cpuset_line(line.text);
  if (!cpuset) {
    return false;
  }
  OpenEvent* event = pick(line, Stage::stack, [&](const OpenEvent& e) {
    return !e.report.cpuset && e.report.trigger && e.report.trigger->comm == cpuset->comm;
  });
  if (event == nullptr) {
    return false;
  }
  event->report.cpuset = std::move(cpuset->cpuset);
  event->report.mems_allowed = std::move(cpuset->mems_allowed);
  touch(*event, line, Stage::stack);
  return true;
}

namespace {

bool same_process(const Trigger& trigger, const CpuLine& cpu) {
  if (trigger.comm.empty() || cpu.comm.empty() || trigger.comm == cpu.comm) {
    return true;
  }
  // A name with a newline: the header has what stands behind it, this line all of it.
  if (cpu.comm.size() > trigger.comm.size() && cpu.comm.size() <= kMaxComm &&
      cpu.comm.ends_with(trigger.comm)) {
    return true;
  }
  return cpu.pid && trigger.comm == cpu.comm + ":" + std::to_string(*cpu.pid);
}

void fill_stack(StackDump& stack, CpuLine& cpu) {
  stack.release = std::move(cpu.release);
  stack.taint = std::move(cpu.taint);
}

// The stack of a panic follows the panic, behind all other parts.
bool wants_panic_stack(const OpenEvent& event) {
  return event.report.panic && !event.superseded &&
         (!event.report.stack || event.report.stack->at.line > event.report.panic->at.line);
}

}  // namespace

bool Assembly::on_cpu(const Line& line, Shape /*shape*/) {
  auto cpu = parse_cpu_line(line.text);
  if (!cpu) {
    return false;
  }
  OpenEvent* event = pick(line, Stage::stack, [&](const OpenEvent& e) {
    return (!e.report.stack || e.report.stack->release.empty()) && e.report.trigger &&
           same_process(*e.report.trigger, *cpu) && !e.report.trigger->pid;
  });
  if (event == nullptr) {
    for (auto& old : events_) {
      if (wants_panic_stack(old) && !old.report.stack) {
        fill_stack(old.stack(place(line)), *cpu);
        touch(old, line, Stage::victim);
        return true;
      }
    }
    return false;
  }
  Trigger& trigger = *event->report.trigger;
  trigger.pid = cpu->pid;
  if (!cpu->comm.empty()) {
    trigger.comm = cpu->comm;
  }
  fill_stack(event->stack(place(line)), *cpu);
  touch(*event, line, Stage::stack);
  return true;
}

bool Assembly::on_hardware(const Line& line, Shape /*shape*/) {
  const auto hardware = parse_hardware(line.text);
  const auto lacks = [](const OpenEvent& e) {
    return e.report.trigger && (!e.report.stack || e.report.stack->hardware.empty());
  };
  OpenEvent* event = pick(line, Stage::stack, lacks);
  if (event == nullptr || !hardware) {
    return false;
  }
  event->stack(place(line)).hardware = std::string(*hardware);
  touch(*event, line, Stage::stack);
  return true;
}

bool Assembly::on_trace(const Line& line, Shape shape) {
  OpenEvent* event =
      pick(line, Stage::stack, [](const OpenEvent& e) { return e.report.trigger && e.trace_open; });
  if (event == nullptr) {
    for (auto& old : events_) {
      if (wants_panic_stack(old)) {
        event = &old;
      }
    }
  }
  if (event == nullptr) {
    return false;
  }
  const Stage stage = event->report.panic ? Stage::victim : Stage::stack;
  touch(*event, line, stage);
  StackDump& stack = event->stack(place(line));
  if (stack.architecture.empty()) {
    stack.architecture = std::string(architecture_of_line(line.text));
  }
  const auto entry = shape == Shape::trace ? parse_trace_entry(line.text) : std::nullopt;
  if (entry && entry->reliable && !entry->function.empty()) {
    event->memcg_seen = event->memcg_seen || signs_of(entry->function).memcg;
    if (stack.functions.size() < kMaxFunctions) {
      stack.functions.emplace_back(entry->function);
    }
  }
  return true;
}

// Registers and the like: nothing is kept of them but the architecture that they show.
bool Assembly::on_stack_text(const Line& line, Shape /*shape*/) {
  const std::string_view text = trim_left(line.text);
  if (!text.starts_with("RIP: ") && !text.starts_with("EIP: ") && !text.starts_with("epc : ")) {
    return false;
  }
  OpenEvent* event = newest_open();
  if (event != nullptr && event->stage == Stage::stack && event->report.stack &&
      event->report.stack->architecture.empty()) {
    event->report.stack->architecture = std::string(architecture_of_line(text));
  }
  return false;
}

// Stack lines without an event: a report whose header is lost may follow.
void Assembly::remember_orphan(const Line& line, Shape shape) {
  if (shape != Shape::trace && shape != Shape::cpu && shape != Shape::trace_start &&
      shape != Shape::hardware) {
    return;
  }
  if (orphan_ && (!within(orphan_->last, line, kOrphanLines) || orphan_->caller != line.caller)) {
    orphan_.reset();
  }
  if (!orphan_) {
    orphan_ = Orphan{};
    orphan_->stack.at = place(line);
    orphan_->caller = std::string(line.caller);
  }
  orphan_->last = moment_of(line);
  if (shape == Shape::trace_start && !orphan_->stack.functions.empty()) {
    orphan_->stack.functions.clear();
    orphan_->stack.at = place(line);
    orphan_->failure = orphan_->oom = orphan_->memcg = false;
    return;
  }
  if (shape == Shape::cpu) {
    if (auto cpu = parse_cpu_line(line.text)) {
      fill_stack(orphan_->stack, *cpu);
    }
    return;
  }
  const auto entry = shape == Shape::trace ? parse_trace_entry(line.text) : std::nullopt;
  if (!entry || !entry->reliable || entry->function.empty()) {
    return;
  }
  const Signs signs = signs_of(entry->function);
  orphan_->failure = orphan_->failure || signs.failure;
  orphan_->oom = orphan_->oom || signs.oom;
  orphan_->memcg = orphan_->memcg || signs.memcg;
  if (orphan_->stack.functions.size() < kMaxFunctions) {
    orphan_->stack.functions.emplace_back(entry->function);
  }
}

void Assembly::adopt_orphan_stack(OpenEvent& event, const Line& line) {
  if (orphan_ && within(orphan_->last, line, kOrphanLines) && orphan_->caller == line.caller &&
      !event.report.stack) {
    if (orphan_->failure && !orphan_->oom) {
      event.report.kind = Kind::page_allocation_failure;
    }
    event.memcg_seen = event.memcg_seen || orphan_->memcg;
    event.report.first_line = orphan_->stack.at.line;
    event.report.stack = std::move(orphan_->stack);
  }
  orphan_.reset();
}

}  // namespace whyoom::report
