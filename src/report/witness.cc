#include "report/witness.h"

#include <algorithm>
#include <array>
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

// A daemon with a unit of its own name. The kubelet can be a part of another (k3s).
bool has_unit(const Report& report) {
  constexpr std::array<std::string_view, 4> daemons{"systemd-oomd", "earlyoom", "nohang", "oomd"};
  return report.userspace && std::ranges::find(daemons, report.userspace->killer) != daemons.end();
}

}  // namespace

Message not_confirmed(const EventCopy& event, bool clock_is_sure, const Witnesses& witnesses) {
  const Report& report = event.report;
  // A log can hold other hosts' messages.
  if (event.by_kernel || !clock_is_sure || !event.at_us ||
      event.clock == EventCopy::Clock::estimate ||
      (!report.host.empty() && !same_host(report.host, witnesses.host))) {
    return {};
  }
  const std::int64_t at = *event.at_us;
  const bool by_killer = report.kind == Kind::userspace_kill;  // it writes no kernel message
  for (const Witness& log : witnesses.logs) {
    if (by_killer && !(log.has_killers && has_unit(report))) {
      continue;
    }
    if (after(at, log.from_us) && at <= log.to_us) {
      return Message("not confirmed by {}, which covers that time", log.name);
    }
  }
  // Counted before "Killed process" is printed, for every victim: mm/oom_kill.c
  // __oom_kill_process(), since 4.13.
  if (!by_killer && witnesses.kills == 0 && witnesses.booted_us &&
      after(at, *witnesses.booted_us) && !report.victims.empty()) {
    return Message("not confirmed by /proc/vmstat (oom_kill 0 since the boot)");
  }
  return {};
}

}  // namespace whyoom::report
