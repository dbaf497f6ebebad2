// A machine at one moment, as far as the kernel's check of an allocation looks at it: its zones,
// the settings in force and the request. Made from a report or from a host; what-if works on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "kernel/gfp.h"
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

// One zone as the request sees it, in pages of the machine's page size. The marks are without
// boost.
struct ZoneState : Watermarks {
  const report::Zone* printed = nullptr;  // in a report
  int node = 0;
  std::string name;
  kernel::ZoneClass zone = kernel::ZoneClass::normal;
  bool eligible = false;  // in the request's zonelist and nodes
  Pages free, boost;
  std::optional<Pages> managed;  // as printed, or recovered from lowmem_reserve
  Pages unusable;                // CMA that it may not use, highatomic reserve, order
  Pages reserve;                 // lowmem_reserve for the request's class
  Pages kernel_reserve;          // of a host, for GFP_KERNEL: see oom_threshold()
  Pages reclaimable;             // of a host: file pages, and anonymous ones as far as swap is free
  Pages floor, slack;            // set_floor(): usable must be above it
  bool reserve_known = false;    // its lowmem_reserve[] was read
  bool cut = false;  // its line ends behind its min, and how much of that is a boost is not known
  bool boost_inferred = false;  // not printed, told from min > 4 x (low - min)
  // A block that is large enough; nullopt = the evidence does not tell.
  std::optional<bool> has_block;
  Place at{};

  [[nodiscard]] Pages size() const { return managed.value_or(Pages(0)); }
  [[nodiscard]] Pages usable() const { return free - unusable; }
  [[nodiscard]] bool passes() const { return usable() > floor; }
  // At its floor, give or take what other CPUs free between the check and the report.
  [[nodiscard]] bool is_short() const { return usable() <= floor + slack; }
  // The floor of an unboosted zone, with the same slack.
  [[nodiscard]] bool below_min() const { return usable() <= min + reserve + slack; }
};

struct HugepagePool {
  int node = 0;
  Bytes size;
  std::uint64_t total = 0;
  std::uint64_t free = 0;  // on a host without those that are reserved for a mapping: it needs them
  Place at{};
};

// The limit of a cgroup that a charge ran into.
struct CgroupLimit {
  Bytes usage;
  Bytes limit;
};

// vm.min_free_kbytes, as read on a host. No report prints it: there it is recovered from the zones'
// min, which add up to it.
struct MinFree {
  KiB value;  // of a report to a page for each zone
  Place at{};
  bool exact = true;  // each lowmem zone was printed; else scaled up from those that were
  std::optional<double> share_of_ram{};  // of a report's zones, or of MemTotal
};

struct Machine {
  PageSize page;
  WatermarkRules rules;
  Request request;
  std::vector<ZoneState> zones;
  Pages unprinted;  // lowmem outside of `zones`: it takes its share of min_free_kbytes
  std::optional<MinFree> min_free;
  std::optional<std::uint32_t> scale_factor;  // told from the marks, or read
  std::vector<std::uint32_t> reserve_ratio;   // empty = not known
  // The kernel's own choice, huge pages on; of a report that lacks zones at most this. On a host
  // the setting itself where it can be that: what joined memory after boot is in no file, so a
  // small machine's choice is known to a few per cent only.
  std::optional<KiB> default_min_free;
  std::optional<Bytes> ram;
  std::vector<HugepagePool> hugepages;
  std::optional<CgroupLimit> cgroup;  // set: the request failed there, not in the zones
  std::optional<report::ConstraintKind> constraint;
  std::optional<int> panic_on_oom;

  [[nodiscard]] bool has_default_min_free() const {
    return min_free && min_free->value == default_min_free;
  }
  // The marks that the kernel makes of this value: of `zones`, and of what is not printed behind
  // them.
  [[nodiscard]] std::vector<Watermarks> marks_with(KiB min_free_kbytes) const;
  // What `zones` have of RAM.
  [[nodiscard]] Bytes managed() const;
};

// Of a cgroup, as a report prints it; nullopt: no limit, or none printed.
std::optional<Bytes> limit_of(const Maybe<std::uint64_t>& limit_kib);

// watermark_scale_factor as the gaps between the marks show it; nullopt where min / 4 hides it.
std::optional<std::uint32_t> inferred_scale_factor(const std::vector<ZoneState>& zones);

// The zones as the arithmetic of watermarks takes them, with what is not printed as one more.
std::vector<ZoneSize> zone_sizes(const Machine& machine);

// Whether a free block of the order or higher stands in a list that the request may use.
// Source: mm/page_alloc.c __zone_watermark_ok(). nullopt when the zone's buddy line is not there.
bool may_serve(const report::BuddyBlock& block, const Request& request);
std::optional<bool> has_block(const report::Zone& zone, const Request& request);

// What of min a request must leave: 3/8 for one that may not wait and has __GFP_HIGH, half for
// __GFP_HIGH alone.
Pages lowered_mark(Pages min, Pages boost, const Request& request, PassesBoost passes);

// What other CPUs free between the kernel's check of a zone and its report: their lists of free
// pages go back in batches of 0.1 % of the zone, at most 1 MiB (mm/page_alloc.c zone_batchsize()),
// and printed numbers lag by some 1 % of the floor.
Pages slack_of(Pages floor, Pages managed, PageSize page);

// The floor and the slack that the zone's marks, reserve and size make for the machine's request.
void set_floor(ZoneState& zone, const Machine& machine);

}  // namespace whyoom::memory
