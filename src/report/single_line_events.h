// Events of single lines, beside the reports: the pids controller, overcommit, full tables of the
// kernel, killers in user space. Repetitions are gathered into one event.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "logtext/line.h"
#include "report/open_event.h"
#include "report/report.h"
#include "report/userspace_lines.h"

namespace whyoom::report {

class SingleLineEvents {
 public:
  using Sink = std::function<void(Report&&)>;

  SingleLineEvents(std::string source, Sink sink)
      : source_(std::move(source)), sink_(std::move(sink)) {}

  // From now on each event has its lines.
  void keep_lines() { keeps_lines_ = true; }

  void fork_rejected(const logtext::Line& line, ForkRejected&& rejected);
  void overcommit(const logtext::Line& line, OvercommitRefused::Request&& request);
  void limit_reached(const logtext::Line& line, LimitReached&& limit);
  void userspace(const logtext::Line& line, const UserspaceKill& part);

  // The first line of what is being gathered.
  [[nodiscard]] std::optional<LineNumber> first_open() const;
  // An event of another kind came between: what was gathered is over, but for a kill that the
  // kernel may be faster with.
  void interrupt(bool keeps_kill = false);
  // The kernel killed it: a signal that was sent before did not. What was said of that.
  std::optional<UserspaceKill> killed_by_kernel(const logtext::Line& line, std::int64_t pid);
  void flush() { interrupt(); }

 private:
  struct Gathered {
    Report report;
    Moment last;
    bool framed = false;  // its lines are of a log
  };
  struct Facts {
    UserspaceKill kill;
    Moment last;
  };

  [[nodiscard]] Report begin(Kind kind, const logtext::Line& line) const;
  bool repeated(const logtext::Line& line);
  // The line, without a frame, quotes lines that have one; or those gathered so far quote it: then
  // they are forgotten, and `known` is the end.
  static bool is_quotation(std::deque<Gathered>& of, std::deque<Gathered>::iterator& known,
                           const logtext::Line& line);
  void emit_one(std::deque<Gathered>& from, const std::deque<Gathered>::iterator& which);
  void end_one(std::optional<Gathered>& one);
  Facts* facts_of(const std::string& killer);
  // What somebody killed, or tried to; `facts` are the numbers that were told before, if any.
  void one_kill(const logtext::Line& line, UserspaceKill kill, const Facts* facts);

  std::string source_;
  Sink sink_;
  std::deque<Gathered> forks_;   // one for each cgroup
  std::deque<Gathered> limits_;  // one for each table that is full
  std::optional<Gathered> overcommit_;
  std::optional<Gathered> held_;          // a kill by earlyoom, which may say that it failed
  std::optional<std::int64_t> outlived_;  // of the last kill, which failed
  std::vector<Facts> facts_;              // what a killer said before it killed
  std::vector<Facts> kills_;              // its last kill, which it may announce twice
  std::deque<std::uint64_t> seen_;  // lines with a time, so that a copy in the same log counts once
  bool keeps_lines_ = false;
};

}  // namespace whyoom::report
