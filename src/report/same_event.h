// Whether two reports are of one event, when they come from different logs of one host: another
// framing, another clock, one of them cut. report/fingerprint.h does the same for one log, by
// equality; here a copy may lack lines.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "report/report.h"

namespace whyoom::report {

// A report, and when its log says that it was.
struct EventCopy {
  enum class Clock : std::uint8_t {
    exact,     // the clock of the log, with its zone
    no_zone,   // a wall clock whose zone is not known: off by up to 14 hours
    estimate,  // from the uptime or from the age of the file
  };
  Report report;
  std::optional<std::int64_t> at_us;  // since 1970
  Clock clock = Clock::exact;
  std::uint32_t source = 0;  // number of the log, the caller's own
  // One of the copies stands in a log that only the kernel writes: not a text log, where any
  // program can write under its name.
  bool by_kernel = false;
  // What such a log has of it, where this copy of a text log tells more.
  std::shared_ptr<Report> of_kernel{};
};

// Monotonic clocks of two boots can show the same time: numbers that differ, wall clocks that are
// apart, or two ids of a boot make them two events.
bool same_event(const EventCopy& a, const EventCopy& b);

// `a` tells more than `b`: more of the parts of a report, then more values, then less damage.
bool more_complete(const Report& a, const Report& b);

// What is left of a report that somebody searched for words, or cut: it may stand before all of it.
bool is_excerpt(const Report& report);

// `whole` is the report that the excerpt is of, behind it in the same log or another. `known`: its
// fingerprint is that of an event that was seen.
bool completes(EventCopy& whole, EventCopy& excerpt, bool known);

// Facts in the report: fields, rows, lines of the stack.
std::size_t count_facts(const Report& report);

}  // namespace whyoom::report
