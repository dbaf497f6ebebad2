// A machine at one moment, as far as the kernel's check of an allocation looks at it: its zones,
// the settings in force and the request. Made from a report or from a host; what-if works on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "memory/evidence.h"
#include "memory/watermarks.h"

namespace whyoom::memory {

struct MachineZone {
  int node = 0;
  std::string name;
  kernel::ZoneClass zone = kernel::ZoneClass::normal;
  bool eligible = false;  // the request may use it
  Pages managed;
  Pages free;
  Pages unusable;     // of free: what this request may not have (CMA, highatomic, its own order)
  Pages reclaimable;  // file pages, and anonymous ones as far as swap is free; 0 when not known
  Watermarks marks;   // without boost
  Pages boost;
  Pages reserve;         // lowmem_reserve against this request
  Pages kernel_reserve;  // against GFP_KERNEL; for kills_from()
  // A block that is large enough; nullopt = the evidence does not tell.
  std::optional<bool> has_block;

  [[nodiscard]] Pages usable() const { return free - unusable; }
};

struct HugepagePool {
  int node = 0;
  Bytes size;
  std::uint64_t total = 0, free = 0;
};

// The limit of a cgroup that a charge ran into.
struct CgroupLimit {
  Bytes usage;
  Bytes limit;
};

struct Machine {
  PageSize page;
  WatermarkRules rules;
  Request request;
  bool boost_counts = true;  // for an atomic request: until 5.8
  std::vector<MachineZone> zones;
  Pages unprinted;  // lowmem outside of `zones`: it takes its share of min_free_kbytes
  std::optional<KiB> min_free_kbytes;
  std::optional<std::uint32_t> scale_factor;  // told from the marks, or read
  std::vector<std::uint32_t> reserve_ratio;   // empty = not known
  std::optional<KiB> default_min_free;        // the kernel's own choice, huge pages on
  std::optional<Bytes> ram;
  std::vector<HugepagePool> hugepages;
  std::optional<CgroupLimit> cgroup;  // set: the request failed there, not in the zones
  std::optional<report::ConstraintKind> constraint;
  std::optional<int> panic_on_oom;
};

Machine machine_of(const Evidence& evidence);

// watermark_scale_factor as the gaps between the marks show it; nullopt where min / 4 hides it.
std::optional<std::uint32_t> told_scale_factor(const std::vector<MachineZone>& zones);

// Whether a free block of the order or higher stands in a list that the request may use.
// Source: mm/page_alloc.c __zone_watermark_ok(). nullopt when the zone's buddy line is not there.
bool may_serve(const report::BuddyBlock& block, const Request& request);

// What of min a request must leave: 3/8 for one that may not wait and has __GFP_HIGH, half for
// __GFP_HIGH alone. From 5.9 on the boost does not count for those (`boost_counts`).
Pages lowered_mark(Pages min, Pages boost, const Request& request, bool boost_counts);

}  // namespace whyoom::memory
