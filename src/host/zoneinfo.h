// /proc/zoneinfo: each zone's size, marks, reserve and per-CPU lists. Source: mm/vmstat.c
// zoneinfo_show_print(), 2.6.18 to 6.19. Sizes in pages.
// As printed: min, low, high and promo are with the boost (min_wmark_pages() since 5.0), as in
// reports.
#pragma once

#include <string>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "host/counters.h"
#include "host/lines.h"

namespace whyoom::host {

struct Zone {
  int node = 0;
  std::string name;  // DMA, DMA32, Normal, HighMem, Movable, Device
  Place at{};
  Maybe<Pages> free, boost, min, low, high, promo;
  Maybe<Pages> present, managed;                      // managed since 3.9
  Maybe<std::vector<Pages>> protection;               // lowmem_reserve, one for each zone class
  Maybe<Pages> reserved_highatomic, free_highatomic;  // newest kernels
  Maybe<Pages> in_cpu_lists;  // free pages that the watermark check does not see, of all CPUs
  PageCounters counters;
};

// As listed: by node, from the lowest zone up, also the empty ones.
std::vector<Zone> parse_zoneinfo(Lines lines);

}  // namespace whyoom::host
