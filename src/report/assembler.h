// Kernel messages in, events out. Several reports can be open at once (CPUs that print at the same
// time); a line goes to the event that it fits. Parsing never fails: what does not make sense is
// written down as damage and the next line that does is taken up again. docs/assembler.md tells how
// the event is chosen.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "logtext/kept_line.h"
#include "logtext/line.h"
#include "report/joiner.h"
#include "report/kernel_line.h"
#include "report/open_event.h"
#include "report/single_line_events.h"

namespace whyoom::report {

class Assembler {
 public:
  using Line = logtext::Line;
  using Sink = std::function<void(Report&&)>;

  // `source` is the name that the reports carry.
  Assembler(std::string source, Sink sink);
  Assembler(const Assembler&) = delete;
  Assembler& operator=(const Assembler&) = delete;

  // From now on each event has the lines that it was made of.
  void keep_lines();

  // The caller may leave out lines that cannot belong to an event: line numbers tell the distance.
  void line(const Line& line);

  // A row of the task table, right behind the line at hand, can only be of the same event: how many
  // numbers it has behind the pid. 0: it may be otherwise.
  [[nodiscard]] std::size_t columns_of_next_row(LineNumber line) const;
  // Such a row, which was read already. Its frame differs from that of the row before in the time
  // alone. False: it is to be taken as every line is.
  bool next_row(const Line& line, const TaskRow& row, std::string_view name);

  // No event is open: lines without a mark of an event may be left out.
  [[nodiscard]] bool idle() const;
  // The first line of the open events, also of those that gather lines; empty: none is open.
  [[nodiscard]] std::optional<LineNumber> first_open() const;
  // What the open events take, about.
  [[nodiscard]] std::size_t open_bytes() const {
    return open_bytes_ + (doubtful_ ? doubtful_->open_bytes_ : 0);
  }

  // Lines so far that an event can be made of.
  [[nodiscard]] std::uint64_t lines_of_events() const {
    return lines_of_events_ + (doubtful_ ? doubtful_->lines_of_events_ : 0);
  }

  // So many lines of others in a row: no report goes on behind them.
  static constexpr std::uint64_t most_foreign = 100000;
  // The log has lines here that are none of these: they must not make two lines of a report seem
  // far from each other.
  void foreign_lines(std::uint64_t lines);

  // Ends every open event (end of input, or a pipe gone quiet).
  void flush();

 private:
  void take(const Line& line);
  void logical_line(KernelLine& read);

  // What most lines do: find the event that lacks them, or open one.
  bool add(const Line& line, KernelLine& read);
  template <class Lacks>
  OpenEvent* pick(const Line& line, Stage stage, Lacks lacks);
  // The line, of that stage, may as well be of `event` as of `best`, which gets it. `has_it`: the
  // event is the youngest, and would have got it if it had no such line.
  static bool is_rival(const OpenEvent& event, const OpenEvent& best, const Line& line, Stage stage,
                       bool has_it);
  // `event` has begun without a head while another report was being printed.
  void doubt_beginning(OpenEvent& event, const Line& line);
  void doubt_contradicted(const Line& line, const KernelLine& read);
  OpenEvent* open_without_head(const Line& line);
  OpenEvent& open(const Line& line, Kind kind = Kind::oom_kill);
  // The line is the event's now.
  static void settle(OpenEvent& event, const Line& line, const KernelLine& read);
  bool touch(OpenEvent& event, const Line& line, Stage stage) const;
  OpenEvent* newest_open();
  void expire(const Line& line);
  void limit();
  void drain();
  void emit_oldest();

  // assembler_special.cc: lines that do more
  using Special = bool (Assembler::*)(const Line& line, KernelLine& read);
  static Special special_of(const LineKind* kind);
  void end_former(const Line& line);
  bool on_header(const Line& line, KernelLine& read);
  bool on_failure(const Line& line, KernelLine& read);
  bool on_vmalloc(const Line& line, KernelLine& read);
  OpenEvent* take_headless_dump(const Line& line);
  bool on_slub(const Line& line, KernelLine& read);
  bool on_slub_cache(const Line& line, KernelLine& read);
  bool on_slub_again(const Line& line, std::string_view cache);
  bool on_slub_node(const Line& line, KernelLine& read);
  bool on_single_line(const Line& line, KernelLine& read);
  bool on_cpu(const Line& line, KernelLine& read);
  bool on_trace(const Line& line, KernelLine& read);
  void remember_orphan(const Line& line, KernelLine& read);
  void open_by_trace(const Line& line, std::string_view function);
  void adopt_orphan_stack(OpenEvent& event, const Line& line);
  bool on_mem_info(const Line& line, KernelLine& read);
  bool on_totals(const Line& line, KernelLine& read);
  bool on_tail(const Line& line, KernelLine& read);

  // assembler_victims.cc
  bool is_quoted_again(const Line& line, const Victim& victim);
  std::optional<OpenEvent> take_quotation(const Line& line, const Victim& victim);
  static void take_over(OpenEvent& event, OpenEvent&& quotation);
  OpenEvent* event_of_container(const Line& line, const std::string& name);
  bool on_kill_intent(const Line& line, KernelLine& read);
  void join_failed_fault(const Line& line);
  bool on_victim(const Line& line, KernelLine& read);
  bool on_group(const Line& line, KernelLine& read);
  bool on_reaped(const Line& line, KernelLine& read);
  bool on_no_victim(const Line& line, KernelLine& read);
  bool on_sysrq(const Line& line, KernelLine& read);
  // The event was asked for with SysRq, if that was at most so many lines and seconds before.
  void note_manual_oom(OpenEvent& event, const Line& line, LineNumber lines, double seconds);
  void note_bare_manual_oom(OpenEvent& event, const Line& line);
  OpenEvent* event_for_victim(const Line& line, bool known, bool memcg);
  OpenEvent* event_without_victim(const Line& line);
  [[nodiscard]] bool was_killed(std::int64_t pid) const;

  std::string source_;
  Sink sink_;
  // What somebody may have made up is put together apart: it adds nothing to what the kernel said,
  // and neither ends nor divides it.
  std::unique_ptr<Assembler> doubtful_;
  Joiner joiner_;
  SingleLineEvents single_;
  std::list<OpenEvent> events_;                // in the order of their first lines
  std::deque<std::int64_t> killed_;            // the last victims of events that went out
  Maybe<std::uint64_t> reserved_at_boot_kib_;  // of the boot whose lines come, for each event

  std::optional<Moment> manual_oom_;     // "sysrq: Manual OOM execution", before its header
  bool manual_oom_panics_ = false;       // it is of a kernel that may panic of it
  logtext::KeptLine manual_oom_line_;    // where lines are kept
  std::optional<Moment> show_memory_;    // Mem-Info that follows is no event
  std::optional<Moment> lone_mem_info_;  // "Mem-Info:" where a report cannot begin, so far
  std::uint64_t foreign_ = 0;            // lines of others so far
  std::uint64_t foreign_since_ = 0;      // of them, since the last line of these
  std::size_t rows_of_last_ = 0;         // of the task table of the event that ended last
  std::uint64_t lines_of_events_ = 0;
  std::size_t open_bytes_ = 0;
  std::size_t record_bytes_ = 0;   // of the record at hand, before its next line
  bool record_of_others_ = false;  // it ends in words that somebody else chose
  std::optional<std::uint64_t> record_time_;
  bool record_is_known_ = false;  // its first line is one of a report
  bool keeps_lines_ = false;
  bool opened_ = false;  // an event, ever

  // The stack of a report whose header is lost.
  struct Orphan {
    StackDump stack{};
    Moment last{};
    std::string caller;
    bool failure = false;
    bool oom = false;
    OomCaller oom_caller{};
    bool guessed_failure = false;  // by an entry with "?", before one of the OOM killer's
    bool guessed_oom = false;
    bool prints_itself = false;  // dump_stack() is its innermost entry
    bool printer_known = false;  // the entry behind that, which called it, was seen
  };
  std::optional<Orphan> orphan_;
  // The last line that told of the cache of the newest of SLUB's failures; 0: another came between.
  LineNumber slub_line_ = 0;
  LineNumber slub_again_ = 0;  // of the same trouble again, the last line
};

template <class Lacks>
OpenEvent* Assembler::pick(const Line& line, Stage stage, Lacks lacks) {
  // An older event counts less than the youngest until one of its lines was seen after that one's
  // header: a report that was cut short must not take the lines of the next.
  OpenEvent* best = nullptr;
  int best_rank = 0;
  const OpenEvent* youngest = newest_open();
  for (auto& event : events_) {
    if (event.superseded || group_of(stage) < group_of(event.stage) || !lacks(event) ||
        (event.lone_tail && stage < Stage::hugepages)) {
      continue;
    }
    const bool callers = !line.caller.empty() && !event.caller.empty();
    if (callers && line.caller != event.caller) {
      continue;
    }
    const bool trusted = callers || &event == youngest || event.interleaved;
    const int rank = 1000 - event.distance_to(stage) + (trusted ? 2000 : 0) + (callers ? 4000 : 0);
    if (rank > best_rank) {  // on a tie the older one
      best = &event;
      best_rank = rank;
    }
  }
  if (best == nullptr) {
    return nullptr;
  }
  const bool named = !line.caller.empty() && !best->caller.empty();
  for (auto& event : events_) {
    const bool has_it = !lacks(event);
    if (!named && &event != best && (!has_it || &event == youngest) &&
        is_rival(event, *best, line, stage, has_it)) {
      event.mix(line.number);
      best->mix(line.number);
    }
  }
  if (best != youngest) {
    best->interleaved = true;
  }
  return best;
}

}  // namespace whyoom::report
