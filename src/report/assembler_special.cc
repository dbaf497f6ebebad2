// The kinds of line that do more than one event needs: what opens a report, and its stack.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "report/assembler.h"
#include "report/field_lines.h"
#include "report/kernel_notices.h"
#include "report/tail_lines.h"

namespace whyoom::report {
namespace {

constexpr LineNumber sysrq_lines = 40;
constexpr double sysrq_seconds = 60;
constexpr LineNumber orphan_lines = 80;
constexpr LineNumber show_memory_lines = 20;
constexpr LineNumber lone_mem_info_lines = 3;
constexpr int totals_without_head = 3;
constexpr LineNumber tail_lines = 400;

}  // namespace

bool Assembler::on_single_line(const Line& line, KernelLine& read) {
  if (read.kind == &fork_rejected) {
    single_.fork_rejected(line, std::move(read.as<ForkRejected>()));
  } else if (read.kind == &limit_line) {
    single_.limit_reached(line, std::move(read.as<LimitReached>()));
  } else {
    single_.overcommit(line, std::move(read.as<OvercommitRefused::Request>()));
  }
  return true;
}

// A report of the OOM killer is over when the next begins: the kernel has one lock for them. Only
// a lock that failed to print (lost lines, a vendor's kernel) leaves two of them mixed.
void Assembler::end_former(const Line& line) {
  for (auto& event : events_) {
    event.note_going_on(line);
    const bool other_caller =
        !event.caller.empty() && !line.caller.empty() && event.caller != line.caller;
    if (!event.is_failure() && !(other_caller && event.parts() < 2 && !event.ended())) {
      event.superseded = true;
    }
  }
}

bool Assembler::on_header(const Line& line, KernelLine& read) {
  single_.interrupt(true);
  end_former(line);
  OpenEvent& event = open(line);
  auto& header = read.as<HeaderLine>();
  event.report.trigger = std::move(header.trigger);
  event.report.trigger->oom_adj = header.old_adj;
  event.gfp = std::move(header.gfp);
  if (!header.container.empty()) {
    event.note_container(header.container);
  }
  settle(event, line, read);
  note_manual_oom(event, line, sysrq_lines, sysrq_seconds);
  orphan_.reset();
  return touch(event, line, Stage::header);
}

void Assembler::note_manual_oom(OpenEvent& event, const Line& line, LineNumber lines,
                                double seconds) {
  const auto passed = manual_oom_ ? seconds_between(*manual_oom_, line) : std::nullopt;
  const double after = passed.value_or(0);
  if (manual_oom_ && within(*manual_oom_, line, lines) && after >= 0 && after <= seconds) {
    event.report.sysrq_at = Place{0, manual_oom_->line};
    if (keeps_lines_) {
      event.bytes += keep_line(event.report, manual_oom_line_.line);
    }
  }
  manual_oom_.reset();
}

namespace {

// vmalloc asks for whole pages, and for one more that guards them (mm/vmalloc.c
// __get_vm_area_node()), which VM_NO_GUARD leaves out.
bool is_range_of(std::uint64_t range, std::uint64_t asked) {
  constexpr std::uint64_t most = std::uint64_t{1} << 62U;
  for (const std::uint64_t page : {4096U, 8192U, 16384U, 65536U}) {
    const std::uint64_t whole = asked < most ? (asked + page - 1) / page * page : most;
    if (asked > 0 && (range == whole || range == whole + page)) {
      return true;
    }
  }
  return false;
}

// The kernel has just said that it found no range for what this line tells of again.
bool is_same_request(const OpenEvent& event, const logtext::Line& line,
                     const std::optional<VmallocFailure>& failure) {
  constexpr LineNumber lines_between = 5;  // "warn_alloc: 3 callbacks suppressed"
  constexpr double seconds_between_them = 2;
  const auto& before = event.report.vmalloc;
  const bool callers = line.caller.empty() || event.caller.empty() || line.caller == event.caller;
  return !event.superseded && event.is_failure() && !event.report.trigger && before &&
         before->reason == no_vmalloc_range && !event.announced && failure && failure->bytes &&
         failure->reason != no_vmalloc_range && callers &&
         is_range_of(before->bytes.value_or(0), *failure->bytes) &&
         within(event.last, line, lines_between) &&
         std::abs(seconds_between(event.last, line).value_or(0)) <= seconds_between_them;
}

// Up to 4.8 "vmalloc: allocation failure: 425984 bytes" is a line of its own before the header
// (mm/page_alloc.c warn_alloc_failed()), and the header has no size.
bool is_announced(const OpenEvent& event, const logtext::Line& line, const HeaderLine& header) {
  if (header.vmalloc) {
    return is_same_request(event, line, header.vmalloc);
  }
  constexpr LineNumber lines_between = 5;
  return event.announced && !event.report.trigger && event.report.zones.empty() &&
         within(event.last, line, lines_between);
}

}  // namespace

bool Assembler::on_failure(const Line& line, KernelLine& read) {
  OpenEvent* event = nullptr;
  for (auto& old : events_) {
    if (old.superseded || !old.is_failure()) {
      continue;
    }
    if (is_announced(old, line, read.as<HeaderLine>())) {
      event = &old;
    } else if (old.ended() || (!old.caller.empty() && old.caller == line.caller)) {
      old.superseded = true;
    }
  }
  if (event == nullptr) {
    event = &open(line, Kind::page_allocation_failure);
  }
  auto& header = read.as<HeaderLine>();
  event->report.trigger = std::move(header.trigger);
  event->gfp = std::move(header.gfp);
  event->report.cpuset = std::move(header.cpuset);
  event->report.mems_allowed = std::move(header.mems_allowed);
  if (header.vmalloc && !event->report.vmalloc) {
    event->report.vmalloc = std::move(header.vmalloc);
  }
  if (header.stalled) {
    event->report.outcome = Outcome::stalled;
  }
  settle(*event, line, read);
  orphan_.reset();
  return touch(*event, line, Stage::header);
}

bool Assembler::on_vmalloc(const Line& line, KernelLine& read) {
  auto& failure = read.as<HeaderLine>().vmalloc;
  const bool announced = failure->reason != no_vmalloc_range;
  OpenEvent* event = nullptr;
  for (auto& old : events_) {
    event = is_same_request(old, line, failure) ? &old : event;
  }
  if (event == nullptr) {
    event = &open(line, Kind::page_allocation_failure);
    event->report.vmalloc = std::move(failure);
  }
  event->announced = announced;
  return touch(*event, line, Stage::header);
}

namespace {

bool same_process(const Trigger& trigger, const CpuLine& cpu) {
  if (trigger.comm.empty() || cpu.comm.empty() || trigger.comm == cpu.comm) {
    return true;
  }
  // A name with a newline: the header has what stands behind it, this line all of it.
  if (cpu.comm.size() > trigger.comm.size() && cpu.comm.size() <= longest_comm &&
      cpu.comm.ends_with(trigger.comm)) {
    return true;
  }
  return cpu.pid && trigger.comm == cpu.comm + ":" + std::to_string(*cpu.pid);
}

void add_function(StackDump& stack, std::string_view function) {
  if (stack.functions.size() < most_functions) {
    stack.functions.emplace_back(function);
  }
}

// The function that a line of a trace surely names; empty: none.
std::string_view function_of(const KernelLine& read) {
  const auto* entry = std::get_if<TraceEntry>(&read.part);
  return entry != nullptr && entry->reliable && !entry->cut ? entry->function : std::string_view();
}

// The stack of a panic follows the panic, behind all other parts.
bool wants_panic_stack(const OpenEvent& event) {
  return event.report.panic && !event.superseded &&
         (!event.report.stack || event.report.stack->at.line > event.report.panic->at.line);
}

}  // namespace

bool Assembler::on_cpu(const Line& line, KernelLine& read) {
  auto& cpu = read.as<CpuLine>();
  OpenEvent* event = pick(line, Stage::stack, [&](const OpenEvent& e) {
    return (!e.report.stack || e.report.stack->release.empty()) && e.report.trigger &&
           same_process(*e.report.trigger, cpu) && !e.report.trigger->pid;
  });
  if (event == nullptr) {
    for (auto& old : events_) {
      if (wants_panic_stack(old) && !old.report.stack) {
        old.stack(place_of(line)).release = std::move(cpu.release);
        return touch(old, line, Stage::victim);
      }
    }
    return false;
  }
  Trigger& trigger = *event->report.trigger;
  trigger.pid = cpu.pid;
  if (!cpu.comm.empty()) {
    trigger.comm = cpu.comm;
  }
  event->stack(place_of(line)).release = std::move(cpu.release);
  return touch(*event, line, Stage::stack);
}

bool Assembler::on_trace(const Line& line, KernelLine& read) {
  OpenEvent* event = pick(line, Stage::stack, [](const OpenEvent& e) {
    return (e.report.trigger || e.lone_trace) && e.trace_open;
  });
  if (event == nullptr) {
    for (auto& old : events_) {
      event = wants_panic_stack(old) ? &old : event;
    }
  }
  if (event == nullptr) {
    return false;
  }
  StackDump& stack = event->stack(place_of(line));
  if (const auto* entry = std::get_if<TraceEntry>(&read.part)) {
    stack.narrow = stack.narrow || entry->narrow;
    event->oom_caller.add(*entry);
    event->memcg_seen = event->memcg_seen || event->oom_caller.is_cgroup();
  }
  if (const std::string_view function = function_of(read); !function.empty()) {
    add_function(stack, function);
  }
  return touch(*event, line, event->report.panic ? Stage::victim : Stage::stack);
}

// Stack lines without an event: a report whose header is lost may follow.
void Assembler::remember_orphan(const Line& line, KernelLine& read) {
  const LineKind* kind = read.kind;
  if (kind != &trace_entry && kind != &cpu_line && kind != &trace_start && kind != &hardware_line) {
    return;
  }
  const bool begins = kind == &trace_start && orphan_ && !orphan_->stack.functions.empty();
  if (begins && within(orphan_->last, line, orphan_lines) && orphan_->caller == line.caller) {
    // Another trace of the same dump.
    orphan_->stack.functions.clear();
    orphan_->stack.at = place_of(line);
    orphan_->failure = orphan_->oom = false;
    orphan_->oom_caller = OomCaller();
    orphan_->guessed_failure = orphan_->guessed_oom = false;
    orphan_->prints_itself = orphan_->printer_known = false;
  } else if (!orphan_ || !within(orphan_->last, line, orphan_lines) ||
             orphan_->caller != line.caller) {
    orphan_ = Orphan{};
    orphan_->stack.at = place_of(line);
    orphan_->caller = std::string(line.caller);
  }
  orphan_->last = moment_of(line);
  if (const auto* entry = std::get_if<TraceEntry>(&read.part)) {
    orphan_->stack.narrow = orphan_->stack.narrow || entry->narrow;
    orphan_->oom_caller.add(*entry);
  }
  if (kind == &cpu_line) {
    orphan_->stack.release = std::move(read.as<CpuLine>().release);
  } else if (const std::string_view function = function_of(read); !function.empty()) {
    orphan_->failure = orphan_->failure || is_failure_function(function);
    orphan_->oom = orphan_->oom || is_oom_function(function);
    add_function(orphan_->stack, function);
  } else if (const auto* guess = std::get_if<TraceEntry>(&read.part)) {
    // The innermost comes first; what is further out may be left from an older call.
    orphan_->guessed_oom =
        orphan_->guessed_oom || (!orphan_->guessed_failure && is_oom_function(guess->function));
    orphan_->guessed_failure =
        orphan_->guessed_failure || (!orphan_->guessed_oom && is_failure_function(guess->function));
  }
  if (const auto* entry = std::get_if<TraceEntry>(&read.part)) {
    open_by_trace(line, entry->function);
  }
}

// Whoever called dump_stack() printed the trace: dump_header() in each report of the OOM killer,
// warn_alloc() of each request that failed (mm/oom_kill.c, mm/page_alloc.c). Other traces may go
// through them and tell of something else. Where events are, it may be quoted from one of them.
void Assembler::open_by_trace(const Line& line, std::string_view function) {
  Orphan& orphan = *orphan_;
  if (function.empty() || orphan.printer_known) {
    return;
  }
  if (is_stack_printer(function)) {
    orphan.prints_itself = true;
    return;
  }
  orphan.printer_known = true;
  const bool failure = is_failure_function(function);
  if (opened_ || !orphan.prints_itself || (!failure && !function.starts_with("dump_header"))) {
    return;
  }
  OpenEvent& event = open(line, failure ? Kind::page_allocation_failure : Kind::oom_kill);
  event.lone_trace = event.trace_open = true;
  adopt_orphan_stack(event, line);
  touch(event, line, Stage::stack);
}

void Assembler::adopt_orphan_stack(OpenEvent& event, const Line& line) {
  if (orphan_ && within(orphan_->last, line, orphan_lines) && orphan_->caller == line.caller &&
      !event.report.stack) {
    if ((orphan_->failure || orphan_->guessed_failure) && !orphan_->oom) {
      event.report.kind = Kind::page_allocation_failure;
    }
    event.oom_caller = orphan_->oom_caller;
    event.memcg_seen = event.memcg_seen || orphan_->oom_caller.is_cgroup();
    event.report.first_line = orphan_->stack.at.line;
    event.report.stack = std::move(orphan_->stack);
  }
  orphan_.reset();
}

bool Assembler::on_mem_info(const Line& line, KernelLine& /*read*/) {
  OpenEvent* event = pick(line, Stage::mem_info, [](const OpenEvent& e) {
    return !e.report.mem_info_at && e.report.totals.empty() && e.report.nodes.empty() &&
           e.report.zones.empty();
  });
  // Where the names of processes stand at the end of a line it can be the rest of one; what
  // follows tells.
  if (event == nullptr && std::ranges::any_of(events_, [](const OpenEvent& e) {
        return !e.superseded && group_of(e.stage) == group_of(Stage::tasks);
      })) {
    lone_mem_info_ = moment_of(line);
    return true;
  }
  if (event == nullptr) {
    event = &open(line);
    doubt_beginning(*event, line);
    adopt_orphan_stack(*event, line);
    event->ignored = show_memory_ && line.number - show_memory_->line <= show_memory_lines;
  }
  show_memory_.reset();
  event->report.mem_info_at = place_of(line);
  return touch(*event, line, Stage::mem_info);
}

namespace {

// The counters of an event come before its zones: a post may have them behind, and the kernel's
// clock then says that they were printed between its head and what came last.
bool are_put_behind(const OpenEvent& event, const logtext::Line& line) {
  const Report& report = event.report;
  const bool callers = line.caller.empty() || event.caller.empty() || line.caller == event.caller;
  if (event.superseded || event.ignored || !callers || report.zones.empty() ||
      !report.totals.empty() || report.mem_info_at || !line.monotonic_us ||
      !event.last.monotonic_us || *line.monotonic_us >= *event.last.monotonic_us ||
      *event.last.monotonic_us - *line.monotonic_us > OpenEvent::one_second) {
    return false;
  }
  return !report.trigger || report.time.monotonic_us <= line.monotonic_us;
}

}  // namespace

bool Assembler::on_totals(const Line& line, KernelLine& read) {
  const auto& fields = read.as<FieldSet>();
  OpenEvent* event = pick(line, Stage::totals, [&](const OpenEvent& e) {
    return (e.report.mem_info_at || !e.report.totals.empty()) && !e.report.totals.overlaps(fields);
  });
  // Without "Mem-Info:" before it a pair or two may be anybody's text.
  if (event == nullptr && read.score >= totals_without_head) {
    event = pick(line, Stage::totals, [&](const OpenEvent& e) {
      return (e.report.trigger || e.lone_trace) && e.report.totals.empty() &&
             e.report.zones.empty();
    });
  }
  if (event == nullptr && read.score >= 2) {
    event = pick(line, Stage::totals, [&](const OpenEvent& e) { return are_put_behind(e, line); });
  }
  if (event == nullptr) {
    event = read.score >= 2 ? open_without_head(line) : nullptr;
    if (event == nullptr) {
      return false;
    }
    if (lone_mem_info_ && line.number - lone_mem_info_->line <= lone_mem_info_lines) {
      event->report.mem_info_at = Place{0, lone_mem_info_->line};
    }
    lone_mem_info_.reset();
    adopt_orphan_stack(*event, line);
  }
  event->report.totals.add(fields);
  return touch(*event, line, Stage::totals);
}

namespace {

// The report is in the midst, and may well be what prints this line.
bool may_print(const OpenEvent& event, const logtext::Line& line) {
  const bool callers = !line.caller.empty() && !event.caller.empty();
  const bool other_clock = event.last.monotonic_us.has_value() != line.monotonic_us.has_value() &&
                           (event.last.monotonic_us || !event.last.wall.empty()) &&
                           (line.monotonic_us || !line.wall.empty());
  return !(callers && event.caller != line.caller) && !other_clock && event.in_the_midst(line);
}

bool says_the_same(const OpenEvent& event, const KernelLine& read) {
  return !read.kind->lacks(event, read) && !read.kind->contradicts(event, read);
}

}  // namespace

// The head of a report is lost up to here. A part of one that is being printed, or its copy, begins
// none.
bool Assembler::on_tail(const Line& line, KernelLine& read) {
  if (add(line, read)) {
    return true;
  }
  const std::string_view text = trim(line.text);
  const bool whole = read.kind == &hugepages ? text.ends_with("kB") : is_only_tail(text);
  if (!whole || text.size() <= longest_comm ||
      std::ranges::any_of(events_, [&](const OpenEvent& event) {
        const bool complete = event.lone_tail && event.report.tail.reserved;
        return (!event.superseded && !complete && may_print(event, line)) ||
               (group_of(event.stage) >= group_of(Stage::mem_info) &&
                within(event.last, line, tail_lines) && says_the_same(event, read));
      })) {
    return false;
  }
  OpenEvent& event = open(line);
  event.lone_tail = true;
  adopt_orphan_stack(event, line);
  read.kind->put(event, read);
  settle(event, line, read);
  return touch(event, line, read.kind->stage);
}

}  // namespace whyoom::report
