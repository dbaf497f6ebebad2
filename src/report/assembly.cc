#include "report/assembly.h"

#include <utility>

#include "base/text.h"
#include "report/neighbour_lines.h"
#include "report/userspace_lines.h"

namespace whyoom::report {
namespace {

constexpr std::size_t kMaxOpen = 8;
constexpr std::size_t kMaxLingering = 8;

}  // namespace

Assembly::Assembly(std::string source, Sink sink)
    : source_(std::move(source)),
      sink_(std::move(sink)),
      joiner_([this](const Line& line, Shape shape) { logical_line(line, shape); }),
      side_(source_, [this](Report&& report) { sink_(std::move(report)); }) {}

void Assembly::line(const Line& line) {
  // What another program wrote is never a kernel report, even when it quotes one.
  // The killers in user space are other programs; only oomd also writes into the kernel's log.
  if (const auto part = parse_userspace(line.text, line.tag, place(line));
      part && (line.origin != logtext::Origin::kernel || part->kill.killer == "oomd")) {
    side_.userspace(line, *part);
    return;
  }
  if (line.origin != logtext::Origin::other) {
    joiner_.line(line);
  }
}

void Assembly::logical_line(const Line& line, Shape shape) {
  expire(line);
  if (line.lost_before > 0) {
    if (OpenEvent* event = newest_open(); event != nullptr && !event->ended()) {
      event->report.lines_lost += line.lost_before;
      event->damage(line.number, std::to_string(line.lost_before) + " messages were lost before");
    }
  }
  if (!dispatch(line, shape)) {
    remember_orphan(line, shape);
  }
  limit();
  drain();
}

bool Assembly::dispatch(const Line& line, Shape shape) {
  switch (shape) {
    case Shape::oom_header:
      return on_header(line);
    case Shape::failure_header:
      return on_failure(line);
    case Shape::vmalloc:
      return on_vmalloc(line);
    case Shape::slub:
      return on_slub(line);
    case Shape::slub_cache:
      return on_slub_cache(line);
    case Shape::sysrq:
      return on_sysrq(line);
    case Shape::cpuset:
      return on_cpuset(line);
    case Shape::cpu:
      return on_cpu(line);
    case Shape::hardware:
      return on_hardware(line);
    case Shape::trace_start:
    case Shape::trace:
      return on_trace(line, shape);
    case Shape::mem_info:
      return on_mem_info(line);
    case Shape::totals:
      return on_totals(line);
    case Shape::node:
      return on_node(line);
    case Shape::node_prefix:
      return on_node_prefix(line);
    case Shape::zone:
      return on_zone(line);
    case Shape::lowmem_reserve:
      return on_lowmem(line);
    case Shape::numbers:
      return on_numbers(line);
    case Shape::buddy:
      return on_buddy(line);
    case Shape::buddy_piece:
      return on_buddy_piece(line);
    case Shape::hugepages:
      return on_hugepages(line);
    case Shape::tail:
      return on_tail(line);
    case Shape::slab_title:
    case Shape::slab_columns:
    case Shape::slab_row:
    case Shape::slab_refused:
      return on_slab(line, shape);
    case Shape::task_title:
      return on_task_title(line);
    case Shape::task_columns:
      return on_task_columns(line);
    case Shape::task_row:
      return on_task_row(line);
    case Shape::task_in:
      return on_task_in(line);
    case Shape::limit_reached:
      return on_limit_reached(line);
    case Shape::memcg_counter:
      return on_memcg_counter(line);
    case Shape::memcg_stats:
      return on_memcg_stats(line);
    case Shape::memcg_stat:
      return on_memcg_stat(line);
    case Shape::constraint:
      return on_constraint(line);
    case Shape::constraint_rest:
      return on_constraint_rest(line);
    case Shape::kill_intent:
      return on_kill_intent(line);
    case Shape::victim:
      return on_victim(line);
    case Shape::group:
      return on_group(line);
    case Shape::reaped:
      return on_reaped(line);
    case Shape::victim_exiting:
      return on_exiting(line);
    case Shape::no_killable:
      return on_no_killable(line);
    case Shape::panic:
      return on_panic(line);
    case Shape::fork_rejected:
      if (const auto path = parse_fork_rejected(line.text)) {
        side_.fork_rejected(line, *path);
      }
      return true;
    case Shape::overcommit:
      if (auto request = parse_overcommit(line.text, place(line))) {
        side_.overcommit(line, std::move(*request));
      }
      return true;
    case Shape::other:
      on_stack_text(line);
      return false;
    case Shape::fragment:
    case Shape::per_cpu:
      return false;
  }
  return false;
}

OpenEvent* Assembly::newest_open() {
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (!event->superseded) {
      return &*event;
    }
  }
  return nullptr;
}

OpenEvent& Assembly::open(const Line& line, Kind kind) {
  OpenEvent event;
  event.report.kind = kind;
  event.report.source = source_;
  event.report.first_line = line.number;
  event.report.last_line = line.number;
  event.report.time.monotonic_us = line.monotonic_us;
  event.report.time.wall = std::string(line.wall);
  event.report.host = std::string(line.host);
  event.caller = std::string(line.caller);
  event.last = moment_of(line);
  events_.push_back(std::move(event));
  return events_.back();
}

void Assembly::touch(OpenEvent& event, const Line& line, Stage stage) {
  if (stage > event.stage) {
    event.stage = stage;
  }
  if (line.number > event.report.last_line) {
    event.report.last_line = line.number;
  }
  event.last.line = line.number;
  if (line.monotonic_us) {
    event.last.monotonic_us = line.monotonic_us;
  }
  if (!line.wall.empty()) {
    event.last.wall = std::string(line.wall);
  }
  if (event.caller.empty() && group_of(stage) < group_of(Stage::victim)) {
    event.caller = std::string(line.caller);
  }
}

void Assembly::expire(const Line& line) {
  for (auto& event : events_) {
    if (event.gone(line)) {
      event.superseded = true;
    }
  }
  while (!events_.empty() && events_.front().superseded && events_.front().gone(line)) {
    OpenEvent event = std::move(events_.front());
    events_.pop_front();
    if (auto report = close_event(std::move(event))) {
      sink_(std::move(*report));
    }
  }
}

void Assembly::limit() {
  std::size_t open_events = 0;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    open_events += event->superseded ? 0 : 1;
    if (open_events > kMaxOpen) {
      event->superseded = true;
    }
  }
}

void Assembly::drain() {
  std::size_t lingering = 0;
  for (const auto& event : events_) {
    lingering += event.superseded ? 1 : 0;
  }
  while (lingering > kMaxLingering && events_.front().superseded) {
    OpenEvent event = std::move(events_.front());
    events_.pop_front();
    --lingering;
    if (auto report = close_event(std::move(event))) {
      sink_(std::move(*report));
    }
  }
}

void Assembly::flush() {
  joiner_.flush();
  while (!events_.empty()) {
    OpenEvent event = std::move(events_.front());
    events_.pop_front();
    if (auto report = close_event(std::move(event))) {
      sink_(std::move(*report));
    }
  }
  side_.flush();
}

}  // namespace whyoom::report
