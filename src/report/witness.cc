#include "report/witness.h"

#include <string_view>

namespace whyoom::report {
namespace {

// Stamps by different programs, and clocks that were set a little.
constexpr std::int64_t margin_us = 120 * std::int64_t{1'000'000};

// "web1" and "web1.example.org" are one host.
bool same_host(std::string_view a, std::string_view b) {
  const auto begins = [](std::string_view whole, std::string_view start) {
    return whole.starts_with(start) && (whole.size() == start.size() || whole[start.size()] == '.');
  };
  return !a.empty() && !b.empty() && (begins(a, b) || begins(b, a));
}

bool after(std::int64_t at_us, std::int64_t begin_us) {
  std::int64_t apart = 0;
  return !__builtin_sub_overflow(at_us, begin_us, &apart) && apart >= margin_us;
}

}  // namespace

Message not_confirmed(const EventCopy& event, bool clock_is_sure, const Witnesses& witnesses) {
  const Report& report = event.report;
  // Killers in user space write no kernel message. A log can hold other hosts' messages.
  if (event.by_kernel || report.kind == Kind::userspace_kill || !clock_is_sure || !event.at_us ||
      event.clock == EventCopy::Clock::estimate ||
      (!report.host.empty() && !same_host(report.host, witnesses.host))) {
    return {};
  }
  const std::int64_t at = *event.at_us;
  for (const Witness& log : witnesses.logs) {
    if (after(at, log.from_us) && at <= log.to_us) {
      return Message("not confirmed by {}, which covers that time", log.name);
    }
  }
  // Counted before "Killed process" is printed, for every victim: mm/oom_kill.c
  // __oom_kill_process(), since 4.13.
  if (witnesses.kills == 0 && witnesses.booted_us && after(at, *witnesses.booted_us) &&
      !report.victims.empty()) {
    return Message("not confirmed by /proc/vmstat (oom_kill 0 since the boot)");
  }
  return {};
}

}  // namespace whyoom::report
