// What a refusal by __vm_enough_memory() tells. The line names the size, not the mode: in mode 0
// only a request beyond all RAM and swap is refused (mm/util.c), in mode 2 any beyond CommitLimit.
#pragma once

#include <optional>
#include <string>

#include "base/place.h"
#include "base/units.h"
#include "report/report.h"

namespace whyoom::diagnose {

// The kernels that print the line (6.1 and later) do not run with less RAM than this.
inline constexpr Bytes smallest_host{std::uint64_t{64} << 20};
// x86-64 with four levels of page tables addresses 64 TiB of RAM.
inline constexpr Bytes largest_host{std::uint64_t{64} << 40};

struct Refused {
  Bytes size;
  std::string who;  // "postgres (pid 812)"
  Place at{};
};

// nullopt when the event is no refusal, or its lines have no sizes (before 6.12).
std::optional<Refused> smallest_refused(const report::Report& report);

}  // namespace whyoom::diagnose
