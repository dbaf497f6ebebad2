// OpenVZ's kernels (2.6.32-042stab, kernel/bc/oom_kill.c) have a limit for each container, the
// beancounter ("UB") that its number names, and words of their own for its OOM killer.
#pragma once

#include <optional>
#include <string_view>

#include "report/header_lines.h"
#include "report/victim_lines.h"

namespace whyoom::report {

extern const LineKind ub_header, ub_victim, ub_rage;

// Before the number, instead of a cgroup's path (which begins with a slash).
inline constexpr std::string_view beancounter = "UB ";

// "190708 (httpd.itk) invoked oom-killer in ub 103 generation 0 gfp 0x200d2"
std::optional<HeaderLine> parse_ub_header(std::string_view text);

// "Out of memory in UB 1234: OOM killed process 21738 (php-cgi) score 0 vm:281988kB, rss:17004kB,
// swap:0kB". UB 0 is the machine itself.
std::optional<VictimLine> parse_ub_victim(std::string_view text, Place at);

// "OOM killer in rage, 16 tasks killed in ub 1234"
struct UbRage {
  std::uint64_t tasks = 0;
  std::string container;  // "UB 1234"; empty: the machine
};
std::optional<UbRage> parse_ub_rage(std::string_view text);

}  // namespace whyoom::report
