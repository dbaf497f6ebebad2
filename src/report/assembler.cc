#include "report/assembler.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "report/doubt.h"
#include "report/field_lines.h"
#include "report/kernel_notices.h"
#include "report/others_words.h"
#include "report/tail_lines.h"
#include "report/userspace_lines.h"
#include "report/zone_lines.h"

namespace whyoom::report {
namespace {

constexpr std::size_t most_open = 8;
constexpr std::size_t most_lingering = 8;
constexpr std::size_t most_remembered = 256;  // victims, for a reaper that comes late
constexpr std::size_t most_reserved = 1024;   // rows of a task table

}  // namespace

Assembler::Assembler(std::string source, Sink sink)
    : source_(std::move(source)),
      sink_(std::move(sink)),
      joiner_([this](KernelLine& read) { logical_line(read); }),
      single_(source_, [this](Report&& report) { sink_(std::move(report)); }) {}

void Assembler::keep_lines() {
  keeps_lines_ = true;
  single_.keep_lines();
}

void Assembler::line(const Line& line) {
  const bool doubted = is_doubtful(line);
  if (doubted && !doubtful_) {
    doubtful_ = std::make_unique<Assembler>(source_, sink_);
    if (keeps_lines_) {
      doubtful_->keep_lines();
    }
  }
  (doubted ? *doubtful_ : *this).take(line);
  if (doubtful_) {
    (doubted ? *this : *doubtful_).foreign_lines(1);
  }
}

std::size_t Assembler::columns_of_next_row(LineNumber line) const {
  if (doubtful_ || events_.empty()) {
    return 0;
  }
  const OpenEvent& event = events_.back();
  const bool in_table = event.last.line == line && event.stage == Stage::tasks && event.is_oom() &&
                        !event.superseded && !event.orphan_rows;
  const bool alone = in_table && std::all_of(events_.begin(), std::prev(events_.end()),
                                             [](const OpenEvent& e) { return e.superseded; });
  return alone && event.columns.size() == joiner_.columns() ? event.columns.size() : 0;
}

// Of what a line does otherwise, this leaves out what finds the same behind the last row of the
// run, which goes the long way: which events are over, and how much is kept.
bool Assembler::next_row(const Line& line, const TaskRow& row, std::string_view name) {
  if (!events_.back().goes_on_at_once(line)) {
    expire(line);
    if (events_.empty() || events_.back().superseded) {
      return false;
    }
  }
  OpenEvent& event = events_.back();
  std::vector<Task>& tasks = event.report.tasks;
  if (tasks.capacity() < rows_of_last_) {
    tasks.reserve(rows_of_last_);  // tables of one log are about as long
  }
  if (Task* task = event.room_in(tasks, most_tasks)) {
    put_task(*task, row, name, event.columns, line.number);
  }
  ++lines_of_events_;
  if (keeps_lines_) {
    event.bytes += keep_line(event.report, line, most_lines / 2);
  }
  event.report.last_line = event.last.line = line.number;
  event.last.monotonic_us = line.monotonic_us ? line.monotonic_us : event.last.monotonic_us;
  return true;
}

bool Assembler::idle() const {
  return events_.empty() && !joiner_.holds() && (!doubtful_ || doubtful_->idle());
}

std::optional<LineNumber> Assembler::first_open() const {
  std::optional<LineNumber> first = single_.first_open();
  for (const OpenEvent& event : events_) {
    first = earlier(first, event.report.first_line);
  }
  return doubtful_ ? earlier(first, doubtful_->first_open()) : first;
}

void Assembler::foreign_lines(std::uint64_t lines) {
  foreign_ += lines;
  const bool near = foreign_since_ < most_foreign;
  foreign_since_ += lines;
  if (near && foreign_since_ >= most_foreign) {
    flush();
  }
}

void Assembler::take(const Line& line) {
  // What another program wrote is never a kernel report, even when it quotes one.
  // The killers in user space are other programs; only oomd also writes into the kernel's log, and
  // that of Android was a driver once.
  if (const auto part = parse_userspace(line.text, line.tag, place_of(line));
      part && (line.origin != logtext::Origin::kernel || part->killer == "oomd" ||
               part->killer == android_killer)) {
    ++lines_of_events_;
    single_.userspace(line, *part);
    return;
  }
  if (line.origin == logtext::Origin::other) {
    foreign_lines(1);
    return;
  }
  foreign_since_ = 0;
  // A newline inside of a record can be one in a name, and in what else a user chose. A console
  // prints the record's time behind each; a clock that knows milliseconds has many records at one.
  const bool same_time =
      line.monotonic_us && line.monotonic_us == record_time_ && *line.monotonic_us % 1000 != 0;
  const bool same_record = line.embedded || (same_time && record_of_others_);
  record_bytes_ = same_record ? record_bytes_ : 0;
  record_time_ = line.monotonic_us;
  const bool of_others = same_record && record_of_others_;
  record_of_others_ = of_others || is_of_a_process(line.text);
  if (record_of_others_) {
    foreign_lines(1);
    return;
  }
  if (const auto kib = line.embedded ? std::nullopt : parse_reserved_at_boot(line.text)) {
    reserved_at_boot_kib_ = Read<std::uint64_t>{*kib, place_of(line)};
  }
  Line own = line;
  own.embedded = line.embedded && !begins_behind_name(line.text, record_bytes_);
  if (!line.framed && !line.continued && events_.empty() && !joiner_.holds()) {
    if (const std::size_t words = kill_behind_words(line.text); words != 0) {
      own.text.remove_prefix(words);
      own.origin.lower(logtext::Origin::relayed);  // others could have written it, too
    }
  }
  record_bytes_ += line.text.size() + 1;
  joiner_.line(own);
}

void Assembler::logical_line(KernelLine& read) {
  const Line& line = *read.line;
  expire(line);
  if (line.embedded && !(read.kind->in_record && record_is_known_)) {
    read.kind = &unknown_line;
  } else if (!line.embedded) {
    record_is_known_ = read.kind != &unknown_line;
    // Who may end a line may go on behind a newline.
    record_of_others_ = record_of_others_ || (!record_is_known_ && is_exact(line) &&
                                              others_words(line.text) != std::string_view::npos);
  }
  lines_of_events_ += read.kind != &unknown_line ? 1 : 0;
  if (line.lost_before > 0) {
    if (OpenEvent* event = newest_open(); event != nullptr && !event->ended()) {
      event->report.lines_lost += line.lost_before;
      event->damage(line.number,
                    tr("{} messages were lost before", std::to_string(line.lost_before)));
    }
  }
  const Special special = special_of(read.kind);
  if (!read.good || !(special != nullptr ? (this->*special)(line, read) : add(line, read))) {
    remember_orphan(line, read);
  }
  limit();
  drain();
}

bool Assembler::add(const Line& line, KernelLine& read) {
  const LineKind& kind = *read.kind;
  if (kind.put == nullptr) {
    return false;
  }
  OpenEvent* event =
      pick(line, kind.stage, [&](const OpenEvent& e) { return kind.lacks(e, read); });
  if (event == nullptr) {
    doubt_contradicted(line, read);
  }
  if (event == nullptr && kind.opens && read.may_open) {
    event = open_without_head(line);
  }
  if (event == nullptr || !kind.put(*event, read)) {
    return false;
  }
  const bool ends_otherwise =
      &kind == &zone_line || &kind == &node_line || &kind == &hugepages || &kind == &task_columns;
  event->cut_by_pager =
      event->cut_by_pager || (ends_otherwise && trim_right(line.text).ends_with('>'));
  settle(*event, line, read);
  return touch(*event, line, kind.stage);
}

OpenEvent* Assembler::newest_open() {
  const auto newest =
      std::find_if(events_.rbegin(), events_.rend(), [](const auto& e) { return !e.superseded; });
  return newest == events_.rend() ? nullptr : &*newest;
}

// A process chooses its name, with newlines in it; a line that is no longer than a name can be the
// rest of one.
OpenEvent* Assembler::open_without_head(const Line& line) {
  if (trim(line.text).size() <= longest_comm) {
    return nullptr;
  }
  OpenEvent& event = open(line);
  doubt_beginning(event, line);
  return &event;
}

bool Assembler::is_rival(const OpenEvent& event, const OpenEvent& best, const Line& line,
                         Stage stage, bool has_it) {
  if (!event.in_the_midst(line)) {
    return false;
  }
  if (has_it) {  // both print the same part
    return group_of(stage) == group_of(Stage::zones) || event.is_oom();
  }
  const bool before = event.distance_to(stage) < best.distance_to(stage);
  if (event.superseded) {
    // The header that ended it came too early, and nothing of what that one announces is there yet.
    return before && stage > Stage::totals && best.stage <= Stage::stack &&
           group_of(event.stage) == group_of(Stage::zones);
  }
  return group_of(stage) >= group_of(event.stage) &&
         (before || event.distance_to(stage) == best.distance_to(stage));
}

void Assembler::doubt_beginning(OpenEvent& event, const Line& line) {
  for (auto& other : events_) {
    const bool callers = !line.caller.empty() && !other.caller.empty();
    if (&other != &event && !other.superseded && !callers && other.in_the_midst(line)) {
      other.mix(line.number);
      event.mix(line.number);
    }
  }
}

void Assembler::doubt_contradicted(const Line& line, const KernelLine& read) {
  for (auto& event : events_) {
    const bool callers = !line.caller.empty() && !event.caller.empty();
    if (read.kind->contradicts != nullptr && !event.superseded && !callers &&
        event.in_the_midst(line) && read.kind->contradicts(event, read)) {
      event.mix(line.number);
    }
  }
}

OpenEvent& Assembler::open(const Line& line, Kind kind) {
  // What stands between a tail and the beginning of another report was all of the first.
  for (auto& event : events_) {
    const bool callers = !line.caller.empty() && !event.caller.empty();
    event.superseded =
        event.superseded || (event.lone_tail && !(callers && line.caller != event.caller));
  }
  opened_ = true;
  OpenEvent& event = events_.emplace_back();
  begin_report(event.report, source_, kind, line);
  event.report.reserved_at_boot_kib = reserved_at_boot_kib_;
  event.foreign = foreign_;
  event.caller = std::string(line.caller);
  event.last = moment_of(line);
  return event;
}

void Assembler::settle(OpenEvent& event, const Line& line, const KernelLine& read) {
  for (const std::string& damage : read.damage) {
    event.damage(line.number, damage);
  }
}

bool Assembler::touch(OpenEvent& event, const Line& line, Stage stage) const {
  if (keeps_lines_) {
    event.bytes +=
        keep_line(event.report, line, stage == Stage::tasks ? most_lines / 2 : most_lines);
  }
  event.fresh = false;
  event.stage = std::max(event.stage, stage);
  event.lone_tail = event.lone_tail && stage <= Stage::tail;
  event.report.last_line = std::max(event.report.last_line, line.number);
  event.foreign = foreign_;
  event.last.line = line.number;
  if (line.monotonic_us) {
    event.last.monotonic_us = line.monotonic_us;
  }
  if (!line.wall.empty()) {
    event.last.wall = line.wall;
  }
  if (!line.caller.empty() && event.caller.empty() && group_of(stage) < group_of(Stage::victim)) {
    event.caller = line.caller;
  }
  return true;
}

void Assembler::expire(const Line& line) {
  for (auto& event : events_) {
    event.superseded = event.superseded || event.gone(line, foreign_);
  }
  while (!events_.empty() && events_.front().superseded && events_.front().gone(line, foreign_)) {
    emit_oldest();
  }
}

void Assembler::limit() {
  std::size_t open_events = 0;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    open_events += event->superseded ? 0 : 1;
    if (open_events > most_open) {
      event->superseded = true;
    }
  }
}

void Assembler::drain() {
  std::size_t lingering = 0;
  std::size_t bytes = 0;
  for (const auto& event : events_) {
    lingering += event.superseded ? 1 : 0;
    bytes += event.bytes;
  }
  open_bytes_ = bytes;
  while (lingering > most_lingering && events_.front().superseded) {
    lingering -= 1;
    bytes -= events_.front().bytes;
    emit_oldest();
  }
  // The newest goes on.
  while (bytes > most_open_bytes && events_.size() > 1) {
    bytes -= events_.front().bytes;
    if (!events_.front().superseded) {
      events_.front().damage(events_.front().last.line,
                             tr("so many reports were open at once that this one was closed here"));
    }
    emit_oldest();
  }
}

void Assembler::emit_oldest() {
  OpenEvent event = std::move(events_.front());
  events_.pop_front();
  if (auto report = close_event(std::move(event))) {
    rows_of_last_ = std::min(report->tasks.size(), most_reserved);
    for (const Victim& victim : report->victims) {
      killed_.push_back(victim.pid);
    }
    killed_.erase(killed_.begin(), killed_.end() - static_cast<std::ptrdiff_t>(
                                                       std::min(killed_.size(), most_remembered)));
    sink_(std::move(*report));
  }
}

void Assembler::flush() {
  joiner_.flush();
  open_bytes_ = 0;
  const auto first = single_.first_open();
  if (first && !events_.empty() && *first < events_.front().report.first_line) {
    single_.flush();
  }
  while (!events_.empty()) {
    emit_oldest();
  }
  single_.flush();
  if (doubtful_) {
    doubtful_->flush();
  }
}

Assembler::Special Assembler::special_of(const LineKind* kind) {
  using Row = std::pair<const LineKind*, Special>;
  static const auto specials = [] {
    std::array rows{
        Row{&oom_header, &Assembler::on_header},
        Row{&nameless_oom, &Assembler::on_header},
        Row{&ub_header, &Assembler::on_header},
        Row{&failure_header, &Assembler::on_failure},
        Row{&nameless_failure, &Assembler::on_failure},
        Row{&old_failure, &Assembler::on_failure},
        Row{&vmalloc_failure, &Assembler::on_vmalloc},
        Row{&slub_failure, &Assembler::on_slub},
        Row{&slub_cache, &Assembler::on_slub_cache},
        Row{&slub_node, &Assembler::on_slub_node},
        Row{&cpu_line, &Assembler::on_cpu},
        Row{&trace_start, &Assembler::on_trace},
        Row{&trace_entry, &Assembler::on_trace},
        Row{&mem_info, &Assembler::on_mem_info},
        Row{&totals, &Assembler::on_totals},
        Row{&hugepages, &Assembler::on_tail},
        Row{&tail_line, &Assembler::on_tail},
        Row{&kill_intent, &Assembler::on_kill_intent},
        Row{&victim_line, &Assembler::on_victim},
        Row{&ub_victim, &Assembler::on_victim},
        Row{&fault_victim, &Assembler::on_victim},
        Row{&kill_group, &Assembler::on_group},
        Row{&reaped, &Assembler::on_reaped},
        Row{&victim_exiting, &Assembler::on_no_victim},
        Row{&no_killable, &Assembler::on_no_victim},
        Row{&oom_panic, &Assembler::on_no_victim},
        Row{&sysrq_line, &Assembler::on_sysrq},
        Row{&fork_rejected, &Assembler::on_single_line},
        Row{&overcommit_refused, &Assembler::on_single_line},
        Row{&limit_line, &Assembler::on_single_line},
    };
    std::ranges::sort(rows, std::less<>(), &Row::first);
    return rows;
  }();
  const auto found = std::ranges::lower_bound(specials, kind, std::less<>(), &Row::first);
  return found != specials.end() && found->first == kind ? found->second : nullptr;
}

}  // namespace whyoom::report
