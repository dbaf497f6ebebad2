// Bugs of released kernels that let a request fail, or a process be killed, although memory could
// be had. One table: which releases have the bug, which commit fixed it, who reported it. What a
// report must look like to be one of them is judged in diagnose/causes/kernel-bug.
// Releases are those of kernel.org; a distribution can carry a fix earlier and not say so.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/release.h"

namespace whyoom::kernel {

enum class Bug : std::uint8_t {
  high_order_gave_up,        // 4.7: compaction was given up too early
  lowmem_list_not_aged,      // 4.8: page cache of low memory was not reclaimed with cgroups
  boost_of_small_zone,       // 5.0: a watermark boost as big as the zone
  highatomic_kept,           // blocks for atomic requests were not given back before the kill
  highatomic_overestimated,  // the reserve counted as free although its pages were in use
  mglru_flushers_asleep      // 6.1: dirty pages of a cgroup that nobody wrote back
};

struct KnownBug {
  Bug bug = Bug::high_order_gave_up;
  std::string_view name;             // "high-order-gave-up"
  Release first;                     // the first release that has it
  Release fixed;                     // the first release of kernel.org's main line without it
  std::array<Release, 4> stable;     // stable releases that got the fix; the rest is 0
  std::string_view commit, subject;  // the fix
  std::string_view reported;         // where it is documented
};

std::span<const KnownBug> known_bugs();
const KnownBug& known_bug(Bug bug);

// The release has the bug: yes, no, or its name does not tell. It does not tell when the release
// has no patch level of kernel.org ("5.4.0-42-generic") and the fix came with one, for a release
// candidate around the fix, and for RHEL and its rebuilds, whose kernels take fixes at any time.
enum class Affected : std::uint8_t { no, unknown, yes };
Affected affected(const KnownBug& bug, std::string_view release);

}  // namespace whyoom::kernel
