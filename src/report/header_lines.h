// The lines that open a report: "X invoked oom-killer", "X: page allocation failure", and what
// stands between them and the stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind oom_header, failure_header, nameless_oom, nameless_failure;
extern const LineKind vmalloc_failure;  // vmalloc's line before such a header
extern const LineKind cpuset_line;
extern const LineKind old_failure;  // 2.4's

// A gfp mask as printed. The flags are decoded when the kernel release is known.
struct GfpText {
  std::uint32_t mask = 0;
  std::optional<std::string> names;  // "GFP_KERNEL|__GFP_ZERO"; none: printed as hex alone, or cut
  bool ends_line = false;            // nothing is behind the mask: its last digits may be cut off
};
// The mask behind `key`.
std::optional<GfpText> read_gfp(std::string_view text, std::string_view key);

struct HeaderLine {
  Trigger trigger;  // without `gfp`
  std::optional<GfpText> gfp;
  std::optional<int> old_adj;  // oomkilladj=, oom_adj=: -17..15
  std::optional<std::string> cpuset, mems_allowed;
  std::optional<VmallocFailure> vmalloc;
  std::optional<SlubFailure> slub;
  std::string container;  // "UB 103": the one of OpenVZ that is at its limit
  bool stalled = false;   // "page allocation stalls for": it took long, but went on

  bool bare = false;  // "oom-killer: gfp_mask=0xd0, order=0", as kernels to 2.6.16 have it

  // Of the OOM killer's: the mask, the order and one of the oom_score_adj forms are there.
  [[nodiscard]] bool complete() const {
    return gfp && (bare || (trigger.order && (trigger.oom_score_adj || old_adj)));
  }
};

// Splits at the rightmost " invoked oom-killer:", because a process can carry that text in its
// name.
std::optional<HeaderLine> parse_oom_header(std::string_view text);

// "X: page allocation failure: order:4, mode:0x40cc0(...)", "X: vmalloc: allocation failure: ...",
// "X: page allocation stalls for 10000ms, order:0, mode:...".
std::optional<HeaderLine> parse_failure_header(std::string_view text);

// "vmalloc: allocation failure: 0 bytes" and "vmap allocation for size N failed", on their own.
std::optional<VmallocFailure> parse_vmalloc_line(std::string_view text, Place at);

// "httpd cpuset=/ mems_allowed=0-1", a line of its own before 5.0.
std::optional<HeaderLine> parse_cpuset_line(std::string_view text);

// A nodemask or mems_allowed list at the start of `text`: "0-1,3" or "(null)".
std::string_view take_node_list(std::string_view text);

}  // namespace whyoom::report
