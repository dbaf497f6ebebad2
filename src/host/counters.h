// Counters of pages by kind, as /proc/vmstat has them for the host and /proc/zoneinfo for a zone,
// and events of /proc/vmstat. Source: mm/vmstat.c vmstat_text[], 2.6.32 to 6.19. Sizes in pages.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

struct PageCounters {
  Maybe<Pages> free_pages, free_cma;
  // nr_zone_*: since 4.8 what a zone itself holds of its node's lists. On older kernels the zone's
  // own nr_active_anon and so on are in the next group.
  Maybe<Pages> zone_inactive_anon, zone_active_anon, zone_inactive_file, zone_active_file;
  Maybe<Pages> inactive_anon, active_anon, inactive_file, active_file;
  Maybe<Pages> slab_reclaimable, slab_unreclaimable, page_table_pages;
  Maybe<Pages> anon_pages, mapped, shmem, balloon_pages;
};

// Sets the counter of that name. False when it is none of them. The first of two counts.
bool set_counter(PageCounters& counters, std::string_view name, std::uint64_t value, Place at);

struct Vmstat {
  PageCounters pages;
  // Since boot.
  Maybe<std::uint64_t> oom_kill;
  Maybe<std::uint64_t> cma_alloc_fail;         // since 5.10
  Maybe<std::uint64_t> htlb_buddy_alloc_fail;  // huge pages that the pool wanted and did not get
};

Vmstat parse_vmstat(Lines lines);

}  // namespace whyoom::host
