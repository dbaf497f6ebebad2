// The lines that open a report: "X invoked oom-killer", "X: page allocation failure", and what
// stands between them and Mem-Info.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

// A gfp mask as printed. The flags are decoded when the kernel release is known.
struct GfpText {
  std::uint32_t mask = 0;
  std::optional<std::string> names;  // "GFP_KERNEL|__GFP_ZERO"; none: printed as hex alone, or cut
};

struct HeaderLine {
  std::string comm;
  std::optional<GfpText> gfp;
  std::optional<int> order;
  std::optional<int> oom_score_adj;
  std::optional<int> old_adj;  // oomkilladj=, oom_adj=: -17..15
  std::optional<std::string> nodemask;
};

// Splits at the rightmost " invoked oom-killer:", because a process can carry that text in its
// name.
std::optional<HeaderLine> parse_oom_header(std::string_view text);
// All of the line is there: the mask, the order and one of the oom_score_adj forms.
bool oom_header_complete(std::string_view text);

struct FailureLine {
  std::string comm;
  std::optional<GfpText> gfp;
  std::optional<int> order;
  std::optional<std::string> nodemask, cpuset, mems_allowed;
  std::optional<VmallocFailure> vmalloc;
  bool stalled = false;  // "page allocation stalls for": it took long, but went on
};

// "X: page allocation failure: order:4, mode:0x40cc0(...)", "X: vmalloc: allocation failure: ...",
// "X: page allocation stalls for 10000ms, order:0, mode:...".
std::optional<FailureLine> parse_failure_header(std::string_view text);

// "vmalloc: allocation failure: 0 bytes" and "vmap allocation for size N failed", on their own.
std::optional<VmallocFailure> parse_vmalloc_line(std::string_view text, Place at);

// "httpd cpuset=/ mems_allowed=0-1", a line of its own before 5.0.
struct CpusetLine {
  std::string comm, cpuset, mems_allowed;
};
std::optional<CpusetLine> parse_cpuset_line(std::string_view text);

// A nodemask or mems_allowed list at the start of `text`: "0-1,3" or "(null)".
std::string_view take_node_list(std::string_view text);

}  // namespace whyoom::report
