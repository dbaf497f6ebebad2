// The state machine behind Assembler: which open event a line belongs to, and what it adds to it.
// Lines are told apart in this order: the caller id that some kernels print; whether the event
// still lacks the part that the line brings; how far the event has come; its age.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "logtext/line.h"
#include "report/joiner.h"
#include "report/open_event.h"
#include "report/shape.h"
#include "report/side_events.h"

namespace whyoom::report {

class Assembly {
 public:
  using Sink = std::function<void(Report&&)>;

  Assembly(std::string source, Sink sink);
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  void line(const logtext::Line& line);
  // The log has a line here that is none of these: it must not make two lines of a report seem far
  // from each other.
  void foreign_line();
  [[nodiscard]] bool idle() const { return events_.empty() && !joiner_.holds(); }
  void flush();

 private:
  using Line = logtext::Line;

  // assembly.cc: choosing the event
  void logical_line(const Line& line, Shape shape);
  using Handler = bool (Assembly::*)(const Line& line, Shape shape);
  static Handler handler_of(Shape shape);
  template <class Lacks>
  OpenEvent* pick(const Line& line, Stage stage, Lacks lacks);
  template <class Lacks>
  OpenEvent* pick_or_open(const Line& line, Stage stage, Kind kind, Lacks lacks);
  OpenEvent* open_without_head(const Line& line, Kind kind);
  OpenEvent& open(const Line& line, Kind kind);
  void touch(OpenEvent& event, const Line& line, Stage stage);
  OpenEvent* newest_open();
  void expire(const Line& line);
  void drain();
  void emit_oldest();
  void limit();

  // assembly_header.cc
  bool on_header(const Line& line, Shape shape);
  bool on_failure(const Line& line, Shape shape);
  bool on_vmalloc(const Line& line, Shape shape);
  bool on_slub(const Line& line, Shape shape);
  bool on_slub_cache(const Line& line, Shape shape);
  bool on_sysrq(const Line& line, Shape shape);
  bool on_cpuset(const Line& line, Shape shape);
  bool on_cpu(const Line& line, Shape shape);
  bool on_hardware(const Line& line, Shape shape);
  bool on_trace(const Line& line, Shape shape);
  bool on_stack_text(const Line& line, Shape shape);
  void remember_orphan(const Line& line, Shape shape);
  void adopt_orphan_stack(OpenEvent& event, const Line& line);
  void end_former(const Line& line);

  // assembly_memory.cc
  [[nodiscard]] bool in_table() const;
  bool lose_row(const Line& line, Stage stage);
  bool on_mem_info(const Line& line, Shape shape);
  bool on_totals(const Line& line, Shape shape);
  bool on_node(const Line& line, Shape shape);
  bool on_node_prefix(const Line& line, Shape shape);
  bool on_zone(const Line& line, Shape shape);
  bool on_lowmem(const Line& line, Shape shape);
  bool on_numbers(const Line& line, Shape shape);
  bool on_buddy(const Line& line, Shape shape);
  bool on_buddy_piece(const Line& line, Shape shape);
  bool on_hugepages(const Line& line, Shape shape);
  bool on_tail(const Line& line, Shape shape);
  bool on_slab(const Line& line, Shape shape);

  bool on_fork_rejected(const Line& line, Shape shape);
  bool on_overcommit(const Line& line, Shape shape);

  // assembly_end.cc
  bool on_task_title(const Line& line, Shape shape);
  bool on_task_columns(const Line& line, Shape shape);
  bool on_task_row(const Line& line, Shape shape);
  bool on_task_in(const Line& line, Shape shape);
  bool on_limit_reached(const Line& line, Shape shape);
  bool on_memcg_counter(const Line& line, Shape shape);
  bool on_memcg_stats(const Line& line, Shape shape);
  bool on_memcg_stat(const Line& line, Shape shape);
  bool on_constraint(const Line& line, Shape shape);
  bool on_constraint_rest(const Line& line, Shape shape);
  bool on_kill_intent(const Line& line, Shape shape);
  bool on_victim(const Line& line, Shape shape);
  bool on_group(const Line& line, Shape shape);
  bool on_reaped(const Line& line, Shape shape);
  bool on_exiting(const Line& line, Shape shape);
  bool on_no_killable(const Line& line, Shape shape);
  bool on_panic(const Line& line, Shape shape);
  OpenEvent* event_for_victim(const Line& line, bool known, bool memcg, bool intent);
  OpenEvent* event_without_victim(const Line& line);

  static Place place(const Line& line) { return {0, line.number}; }

  std::string source_;
  Sink sink_;
  Joiner joiner_;
  SideEvents side_;
  std::list<OpenEvent> events_;  // in the order of their first lines

  struct Sysrq {
    Place at;
    Moment moment;
  };
  std::optional<Sysrq> manual_oom_;      // "sysrq: Manual OOM execution", before its header
  std::optional<Moment> show_memory_;    // Mem-Info that follows is no event
  std::optional<Moment> lone_mem_info_;  // "Mem-Info:" where a report cannot begin, so far
  std::uint64_t foreign_ = 0;            // lines of others so far
  std::uint64_t foreign_since_ = 0;      // of them, since the last line of these
  std::size_t record_bytes_ = 0;         // of the record at hand, before its next line

  // The stack of a report whose header is lost.
  struct Orphan {
    StackDump stack{};
    Moment last{};
    std::string caller;
    bool failure = false;
    bool oom = false;
    bool memcg = false;
  };
  std::optional<Orphan> orphan_;
};

template <class Lacks>
OpenEvent* Assembly::pick(const Line& line, Stage stage, Lacks lacks) {
  // An older event counts less than the youngest until one of its lines was seen after that one's
  // header: a report that was cut short must not take the lines of the next.
  OpenEvent* best = nullptr;
  int best_rank = 0;
  const OpenEvent* youngest = newest_open();
  for (auto& event : events_) {
    if (event.superseded || group_of(stage) < group_of(event.stage) || !lacks(event)) {
      continue;
    }
    const bool callers = !line.caller.empty() && !event.caller.empty();
    if (callers && line.caller != event.caller) {
      continue;
    }
    const int distance =
        stage > event.stage ? static_cast<int>(stage) - static_cast<int>(event.stage) : 0;
    const bool trusted = callers || &event == youngest || event.interleaved;
    const int rank = 1000 - distance + (trusted ? 2000 : 0) + (callers ? 4000 : 0);
    if (rank > best_rank) {  // on a tie the older one
      best = &event;
      best_rank = rank;
    }
  }
  if (best != nullptr && best != youngest) {
    best->interleaved = true;
  }
  return best;
}

// Null: the line can neither belong to an event nor begin one.
template <class Lacks>
OpenEvent* Assembly::pick_or_open(const Line& line, Stage stage, Kind kind, Lacks lacks) {
  OpenEvent* event = pick(line, stage, lacks);
  return event != nullptr ? event : open_without_head(line, kind);
}

}  // namespace whyoom::report
