// /proc/zoneinfo: each zone's size, marks, reserve and per-CPU lists. Source: mm/vmstat.c
// zoneinfo_show_print(), 2.6.18 to 6.19. Sizes in pages.
// Here min, low and high are without the boost; a report of the OOM killer has them with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "host/counters.h"
#include "host/lines.h"

namespace whyoom::host {

// The lists of free pages that each CPU keeps, added up over the CPUs.
struct PageSets {
  std::uint32_t cpus = 0;
  Maybe<Pages> count;               // free pages that the watermark check does not see
  Maybe<Pages> high;                // where the lists begin to give back
  Maybe<Pages> high_min, high_max;  // since 6.7
};

struct Zone {
  int node = 0;
  std::string name;  // DMA, DMA32, Normal, HighMem, Movable, Device
  Place at{};
  Maybe<Pages> free, boost, min, low, high, promo;
  Maybe<Pages> spanned, present, managed, cma;        // managed since 3.9, cma since 5.12
  Maybe<std::vector<Pages>> protection;               // lowmem_reserve, one for each zone class
  Maybe<Pages> reserved_highatomic, free_highatomic;  // newest kernels
  Maybe<std::uint64_t> start_pfn;
  Maybe<bool> unreclaimable;  // the kernel gave up on the node (before 4.11: on the zone)
  PageSets pagesets;
  PageCounters counters;
};

// "per-node stats", printed in a node's first zone since 4.8. Older kernels have only the zones'.
struct NodeCounters {
  int node = 0;
  PageCounters counters;
  Place at{};
};

struct Zoneinfo {
  std::vector<Zone> zones;  // as listed: by node, from the lowest zone up, also the empty ones
  std::vector<NodeCounters> nodes;
};

Zoneinfo parse_zoneinfo(Lines lines);

}  // namespace whyoom::host
