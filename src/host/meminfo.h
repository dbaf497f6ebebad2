// /proc/meminfo. Source: fs/proc/meminfo.c, 2.6.32 to 6.19. Keys that are not listed here are
// passed over.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

struct Meminfo {
  Maybe<KiB> mem_total, mem_free, mem_available, buffers, cached;
  // Of a kernel with HighMem: what it can address directly, and the rest.
  Maybe<KiB> low_total, low_free, high_total, high_free;
  Maybe<KiB> active_anon, inactive_anon, active_file, inactive_file, unevictable;
  Maybe<KiB> swap_total, swap_free, anon_pages, mapped, shmem;
  Maybe<KiB> kernel_reclaimable, slab_reclaimable, slab_unreclaimable;
  Maybe<KiB> kernel_stack, shadow_call_stack, page_tables, sec_page_tables;
  Maybe<KiB> bounce, commit_limit, committed_as, vmalloc_used, percpu, balloon, gpu_active;
  Maybe<KiB> hugepage_size, hugetlb, cma_total, cma_free;
  Maybe<std::uint64_t> hugepages_total, hugepages_free, hugepages_rsvd;
};

Meminfo parse_meminfo(Lines lines);
// Whether it takes a line of this name.
bool is_meminfo_field(std::string_view name);
// No line of it was there.
bool is_empty(const Meminfo& info);

}  // namespace whyoom::host
