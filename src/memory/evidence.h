// A report, made into numbers that rules can use: sizes in bytes, the zones that the request could
// use and why each of them could not serve it, the setting behind the watermarks, and an account of
// where RAM went. Everything that the report does not support stays empty.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "kernel/release.h"
#include "memory/account.h"
#include "memory/attribution.h"
#include "memory/badness.h"
#include "memory/machine.h"
#include "report/report.h"

namespace whyoom::memory {

// The machine as the report shows it. `ram` is what it manages; `constraint` as printed, or
// told from other lines on kernels before 5.0.
struct Evidence : Machine {
  const report::Report* report = nullptr;
  std::vector<std::string> sources;  // names for Place::source
  bool page_size_known = false;
  std::optional<kernel::Release> release;
  std::vector<ZoneState> cut_zones;  // to be shown: their min may be a boost in part
  bool zones_complete = false;       // no zone that the request could use is missing
  bool whole_machine = false;  // the zones are all of RAM: no cgroup and no nodes bound the request
  std::optional<Account> account;
  std::optional<Bytes> reserved;
  std::optional<Bytes> swap_total, swap_free;

  Attribution attribution;         // of the task table and the cgroups
  std::optional<Ranking> ranking;  // why this victim; empty without a task table or a victim

  // Sum over the eligible zones; nullopt when none was printed.
  [[nodiscard]] std::optional<Bytes> eligible_free() const;
  [[nodiscard]] bool has_eligible() const;
  // Every eligible zone was at or below this mark, and the report lacks none of them. A zone's
  // slack may lie above it, or drift_allowance() in all (memory/zones.h).
  [[nodiscard]] bool all_eligible_at(Pages (*mark)(const ZoneState&)) const;
  [[nodiscard]] bool all_eligible_short() const;  // at the floor
  // At the high mark: the last attempt before a kill asks for it (mm/page_alloc.c
  // __alloc_pages_may_oom()), so what lies between the two does not stop the kill.
  [[nodiscard]] bool all_eligible_at_high() const;
};

// The evidence points into the report; the report must outlive it.
Evidence from_report(const report::Report& report);

}  // namespace whyoom::memory
