// Counters of pages by kind, as /proc/vmstat has them for the host and /proc/zoneinfo for a zone
// and for a node, and the events of /proc/vmstat. Source: mm/vmstat.c vmstat_text[], 2.6.32 to
// 6.19. Sizes in pages.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

struct PageCounters {
  Maybe<Pages> free_pages, free_cma, zspages, mlock, bounce;
  // nr_zone_*: since 4.8 what a zone itself holds of its node's lists. On older kernels the zone's
  // own nr_active_anon and so on are in the next group.
  Maybe<Pages> zone_inactive_anon, zone_active_anon, zone_inactive_file, zone_active_file;
  Maybe<Pages> zone_unevictable, zone_write_pending;
  Maybe<Pages> inactive_anon, active_anon, inactive_file, active_file, unevictable;
  Maybe<Pages> isolated_anon, isolated_file;
  Maybe<Pages> slab_reclaimable, slab_unreclaimable, kernel_misc_reclaimable;
  Maybe<Pages> anon_pages, mapped, file_pages, dirty, writeback, writeback_temp, unstable, shmem;
  Maybe<Pages> page_table_pages, sec_page_table_pages, swap_cached, balloon_pages;
  Maybe<Pages> unaccepted;
  // Kernel stacks: KiB since 4.8, stacks (of THREAD_SIZE) before; iommu and others are not kept.
  Maybe<std::uint64_t> kernel_stack;
};

// Sets the counter of that name. False when it is none of them. The first of two counts.
bool set_counter(PageCounters& counters, std::string_view name, std::uint64_t value, Place at);

struct Vmstat {
  PageCounters pages;
  // Since boot.
  Maybe<std::uint64_t> oom_kill, pgmajfault, pswpin, pswpout, pgfault;
  Maybe<std::uint64_t> allocstall;  // the sum over zones; their number differs by kernel
  Maybe<std::uint64_t> pgscan_kswapd, pgscan_direct, pgsteal_kswapd, pgsteal_direct;
  Maybe<std::uint64_t> compact_stall, compact_fail, compact_success;
  Maybe<std::uint64_t> kswapd_low_wmark_hit_quickly, kswapd_high_wmark_hit_quickly, pageoutrun;
  Maybe<std::uint64_t> thp_fault_alloc, thp_fault_fallback, thp_split_page, thp_swpout_fallback;
  Maybe<std::uint64_t> workingset_refault_anon, workingset_refault_file, workingset_refault;
  Maybe<std::uint64_t> balloon_inflate, balloon_deflate, cma_alloc_fail, drop_pagecache;
  Maybe<std::uint64_t> htlb_buddy_alloc_fail;  // huge pages that the pool wanted and did not get
};

Vmstat parse_vmstat(Lines lines);

}  // namespace whyoom::host
