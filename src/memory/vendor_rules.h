// Who recommends what for vm.min_free_kbytes, each with its source. Shown with what it would cost
// on a machine, never obeyed: they contradict each other.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "memory/machine.h"
#include "memory/whatif.h"

namespace whyoom::memory {

// Shares of RAM: nobody objects to the first (Tencent Cloud allows no more), and nobody asks for
// more than the second (AWS for ENA, Broadcom for Greenplum). From the third on Red Hat says that
// memory runs out at once.
inline constexpr double strict_share = 0.01, widest_share = 0.03, fatal_share = 0.05;
// So many times the kernel's own choice is somebody's, whatever khugepaged added.
inline constexpr double clearly_above_default = 1.25;

struct VendorRule {
  std::string_view who, says, source;
  // The least and the most that it allows on a machine; nullopt: it names no such end, or the
  // machine is not known well enough.
  std::optional<KiB> (*least)(const Machine& machine) = nullptr;
  std::optional<KiB> (*most)(const Machine& machine) = nullptr;
};
std::span<const VendorRule> vendor_rules();

// A rule on a machine: what it allows there, and what each end would do.
struct VendorView {
  const VendorRule* rule = nullptr;
  std::optional<KiB> least, most;
  std::optional<WhatIf> at_least, at_most;
  // The setting in force lies within; nullopt: it is not known, or the rule does not tell.
  std::optional<bool> kept;
};
std::vector<VendorView> vendors_on(const Machine& machine);

}  // namespace whyoom::memory
