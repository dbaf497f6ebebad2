// A report, made into numbers that rules can use: sizes in bytes, the zones that the request could
// use and why each of them could not serve it, the setting behind the watermarks, and an account of
// where RAM went. Everything that the report does not support stays empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "kernel/gfp.h"
#include "kernel/release.h"
#include "memory/attribution.h"
#include "memory/watermarks.h"
#include "report/report.h"

namespace whyoom::memory {

struct Request {
  std::optional<int> order;
  kernel::GfpFlags flags;
  bool flags_known = false;
  kernel::ZoneClass highest = kernel::ZoneClass::movable;  // of its zonelist
  bool may_use_cma = true;                                 // movable, or not known
};

// One zone as the request saw it. Sizes in pages of the evidence's page size.
struct ZoneState {
  const report::Zone* printed = nullptr;
  int node = 0;
  std::string name;
  kernel::ZoneClass zone = kernel::ZoneClass::normal;
  bool eligible = false;       // in the request's zonelist and nodes
  Pages free, min, low, high;  // min, low, high without boost
  Pages boost;
  std::optional<Pages> managed;  // as printed, or recovered from lowmem_reserve
  Pages unusable;                // CMA that it may not use, highatomic reserve, order
  Pages reserve;                 // lowmem_reserve for the request's class
  Pages floor;                   // min + boost + reserve: usable must be above it
  Pages slack;
  bool reserve_known = false;   // its lowmem_reserve[] line was printed
  bool boost_inferred = false;  // not printed, told from min > 4 x (low - min)
  [[nodiscard]] Pages usable() const { return free - unusable; }
  [[nodiscard]] bool passes() const { return usable() > floor; }
  // At its floor, give or take what other CPUs free between the check and the report.
  [[nodiscard]] bool is_short() const { return usable() <= floor + slack; }
  // The floor of an unboosted zone, with the same slack.
  [[nodiscard]] bool below_min() const { return usable() <= min + reserve + slack; }
  Place at{};
};

// vm.min_free_kbytes, which no report prints, recovered from the zones' min.
struct MinFree {
  KiB value;                // exact to a page for each zone when `exact`
  bool exact = false;       // every lowmem zone was printed; else scaled up from the printed ones
  double share_of_ram = 0;  // value / managed lowmem
  KiB default_low;          // the kernel's own choice on this machine is between these two
  KiB default_high;
  Pages unprinted;  // lowmem of zones that the report does not print; 0 when `exact`
};

struct AccountLine {
  enum class What : std::uint8_t {
    free,
    free_pcp,
    anon,
    file,
    shmem,
    slab_reclaimable,
    slab_unreclaimable,
    page_tables,
    kernel_stack,
    hugepages,
    unevictable_other,
    kernel_misc,
    unaccounted
  };
  What what;
  Bytes size;
  Place at{};
};

// Where RAM went. The lines add up to `total`; `unaccounted` is what no counter shows.
struct Account {
  Bytes total;  // RAM that the kernel manages
  std::vector<AccountLine> lines;
  // The pools that every kernel with huge pages prints were there. Without them memory in huge
  // pages looks like memory that nobody accounts for.
  bool hugepages_known = false;
  // More was counted than there is (counters are per CPU and lag); 0 when it adds up.
  Bytes overcounted;
  [[nodiscard]] Bytes size(AccountLine::What what) const;
  [[nodiscard]] Place at(AccountLine::What what) const;
};

struct Evidence {
  const report::Report* report = nullptr;
  std::vector<std::string> sources;  // names for Place::source
  PageSize page;
  bool page_size_known = false;
  std::optional<kernel::Release> release;
  WatermarkRules rules;
  Request request;
  std::vector<ZoneState> zones;
  bool zones_complete = false;  // no zone that the request could use is missing
  std::optional<MinFree> min_free;
  std::optional<Account> account;
  std::optional<Bytes> ram;  // managed RAM of the machine
  std::optional<Bytes> reserved;

  // The constraint as printed, or told from other lines on kernels before 5.0.
  std::optional<report::ConstraintKind> constraint;
  std::optional<Bytes> swap_total, swap_free;

  Attribution attribution;  // of the task table and the cgroups

  // Sum over the eligible zones; nullopt when none was printed.
  [[nodiscard]] std::optional<Bytes> eligible_free() const;
  [[nodiscard]] bool has_eligible() const;
  // Every eligible zone was at or below this mark, and the report lacks none of them. A zone's
  // slack may lie above it, or freed_meanwhile() in all (memory/zones.h).
  [[nodiscard]] bool all_eligible_at(Pages (*mark)(const ZoneState&)) const;
  [[nodiscard]] bool all_eligible_short() const;  // at the floor
  // At the high mark: the last attempt before a kill asks for it (mm/page_alloc.c
  // __alloc_pages_may_oom()), so what lies between the two does not stop the kill.
  [[nodiscard]] bool all_eligible_at_high() const;
};

// The evidence points into the report; the report must outlive it.
Evidence from_report(const report::Report& report);

}  // namespace whyoom::memory
