#include "report/assembly.h"

#include <utility>

#include "base/text.h"
#include "report/doubt.h"
#include "report/neighbour_lines.h"
#include "report/userspace_lines.h"

namespace whyoom::report {
namespace {

constexpr std::size_t kMaxOpen = 8;
constexpr std::size_t kMaxLingering = 8;
// So many lines of others in a row: no report goes on behind them.
constexpr std::uint64_t kMostForeign = 100000;

// Parts that the kernel prints as one record of several lines.
bool goes_on_in_a_record(Shape shape) {
  return shape == Shape::totals || shape == Shape::memcg_stat || shape == Shape::numbers ||
         shape == Shape::buddy_piece;
}

}  // namespace

Assembly::Assembly(std::string source, Sink sink)
    : source_(std::move(source)),
      sink_(std::move(sink)),
      joiner_([this](const Line& line, Shape shape) { logical_line(line, shape); }),
      side_(source_, [this](Report&& report) { sink_(std::move(report)); }) {}

void Assembly::foreign_line() {
  ++foreign_;
  if (++foreign_since_ == kMostForeign) {
    flush();
  }
}

void Assembly::line(const Line& line) {
  // What another program wrote is never a kernel report, even when it quotes one.
  // The killers in user space are other programs; only oomd also writes into the kernel's log.
  if (const auto part = parse_userspace(line.text, line.tag, place(line));
      part && (line.origin != logtext::Origin::kernel || part->kill.killer == "oomd")) {
    side_.userspace(line, *part);
    return;
  }
  if (line.origin == logtext::Origin::other) {
    foreign_line();
    return;
  }
  foreign_since_ = 0;
  // A newline inside of a record can be one in a name. Only where nothing but the name of a process
  // can stand before it does the kernel's own text begin behind it.
  record_bytes_ = line.embedded ? record_bytes_ : 0;
  Line own = line;
  own.embedded = line.embedded && record_bytes_ > kMaxComm;
  record_bytes_ += line.text.size() + 1;
  joiner_.line(own);
}

void Assembly::logical_line(const Line& line, Shape shape) {
  expire(line);
  if (line.embedded && !goes_on_in_a_record(shape)) {
    shape = Shape::other;
  }
  if (line.lost_before > 0) {
    if (OpenEvent* event = newest_open(); event != nullptr && !event->ended()) {
      event->report.lines_lost += line.lost_before;
      event->damage(line.number, std::to_string(line.lost_before) + " messages were lost before");
    }
  }
  const Handler handler = handler_of(shape);
  if (handler == nullptr || !(this->*handler)(line, shape)) {
    remember_orphan(line, shape);
  }
  limit();
  drain();
}

// Every shape that means something to a report, and what is done with it.
Assembly::Handler Assembly::handler_of(Shape shape) {
  struct Row {
    Shape shape;
    Handler handler;
  };
  static constexpr Row rows[] = {
      {Shape::oom_header, &Assembly::on_header},
      {Shape::failure_header, &Assembly::on_failure},
      {Shape::vmalloc, &Assembly::on_vmalloc},
      {Shape::slub, &Assembly::on_slub},
      {Shape::slub_cache, &Assembly::on_slub_cache},
      {Shape::sysrq, &Assembly::on_sysrq},
      {Shape::cpuset, &Assembly::on_cpuset},
      {Shape::cpu, &Assembly::on_cpu},
      {Shape::hardware, &Assembly::on_hardware},
      {Shape::trace_start, &Assembly::on_trace},
      {Shape::trace, &Assembly::on_trace},
      {Shape::mem_info, &Assembly::on_mem_info},
      {Shape::totals, &Assembly::on_totals},
      {Shape::node, &Assembly::on_node},
      {Shape::node_prefix, &Assembly::on_node_prefix},
      {Shape::zone, &Assembly::on_zone},
      {Shape::lowmem_reserve, &Assembly::on_lowmem},
      {Shape::numbers, &Assembly::on_numbers},
      {Shape::buddy, &Assembly::on_buddy},
      {Shape::buddy_piece, &Assembly::on_buddy_piece},
      {Shape::hugepages, &Assembly::on_hugepages},
      {Shape::tail, &Assembly::on_tail},
      {Shape::slab_title, &Assembly::on_slab},
      {Shape::slab_columns, &Assembly::on_slab},
      {Shape::slab_row, &Assembly::on_slab},
      {Shape::slab_refused, &Assembly::on_slab},
      {Shape::task_title, &Assembly::on_task_title},
      {Shape::task_columns, &Assembly::on_task_columns},
      {Shape::task_row, &Assembly::on_task_row},
      {Shape::task_in, &Assembly::on_task_in},
      {Shape::limit_reached, &Assembly::on_limit_reached},
      {Shape::memcg_counter, &Assembly::on_memcg_counter},
      {Shape::memcg_stats, &Assembly::on_memcg_stats},
      {Shape::memcg_stat, &Assembly::on_memcg_stat},
      {Shape::constraint, &Assembly::on_constraint},
      {Shape::constraint_rest, &Assembly::on_constraint_rest},
      {Shape::kill_intent, &Assembly::on_kill_intent},
      {Shape::victim, &Assembly::on_victim},
      {Shape::group, &Assembly::on_group},
      {Shape::reaped, &Assembly::on_reaped},
      {Shape::victim_exiting, &Assembly::on_exiting},
      {Shape::no_killable, &Assembly::on_no_killable},
      {Shape::panic, &Assembly::on_panic},
      {Shape::fork_rejected, &Assembly::on_fork_rejected},
      {Shape::overcommit, &Assembly::on_overcommit},
      {Shape::other, &Assembly::on_stack_text},
  };
  for (const Row& row : rows) {
    if (row.shape == shape) {
      return row.handler;
    }
  }
  return nullptr;
}

bool Assembly::on_fork_rejected(const Line& line, Shape /*shape*/) {
  if (const auto path = parse_fork_rejected(line.text)) {
    side_.fork_rejected(line, *path);
  }
  return true;
}

bool Assembly::on_overcommit(const Line& line, Shape /*shape*/) {
  if (auto request = parse_overcommit(line.text, place(line))) {
    side_.overcommit(line, std::move(*request));
  }
  return true;
}

OpenEvent* Assembly::newest_open() {
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (!event->superseded) {
      return &*event;
    }
  }
  return nullptr;
}

// A process chooses its name, with newlines in it; a line that is no longer than a name can be the
// rest of one.
OpenEvent* Assembly::open_without_head(const Line& line, Kind kind) {
  return trim(line.text).size() > kMaxComm ? &open(line, kind) : nullptr;
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
  event.report.boot = std::string(line.boot);
  event.report.by_tag = line.by_tag;
  event.report.unverified = why_unverified(line);
  event.foreign = foreign_;
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
  event.report.by_tag = event.report.by_tag || line.by_tag;
  event.foreign = foreign_;
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
    if (event.gone(line, foreign_)) {
      event.superseded = true;
    }
  }
  while (!events_.empty() && events_.front().superseded && events_.front().gone(line, foreign_)) {
    emit_oldest();
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
  std::size_t bytes = 0;
  for (const auto& event : events_) {
    lingering += event.superseded ? 1 : 0;
    bytes += event.bytes;
  }
  while (lingering > kMaxLingering && events_.front().superseded) {
    lingering -= 1;
    bytes -= events_.front().bytes;
    emit_oldest();
  }
  // The newest goes on.
  while (bytes > kMaxOpenBytes && events_.size() > 1) {
    bytes -= events_.front().bytes;
    if (!events_.front().superseded) {
      events_.front().damage(events_.front().last.line,
                             "so many reports were open at once that this one was closed here");
    }
    emit_oldest();
  }
}

void Assembly::emit_oldest() {
  OpenEvent event = std::move(events_.front());
  events_.pop_front();
  if (auto report = close_event(std::move(event))) {
    sink_(std::move(*report));
  }
}

void Assembly::flush() {
  joiner_.flush();
  while (!events_.empty()) {
    emit_oldest();
  }
  side_.flush();
}

}  // namespace whyoom::report
