// /proc/meminfo, and node meminfo under /sys/devices/system/node. Source: fs/proc/meminfo.c,
// drivers/base/node.c, 2.6.32 to 6.19. Keys that are not listed here are passed over.
#pragma once

#include <cstdint>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

struct Meminfo {
  Maybe<KiB> mem_total, mem_free, mem_available, buffers, cached, swap_cached;
  Maybe<KiB> active_anon, inactive_anon, active_file, inactive_file, unevictable, mlocked;
  Maybe<KiB> high_total, high_free, low_total, low_free;  // 32-bit kernels with HighMem
  Maybe<KiB> swap_total, swap_free, zswap, zswapped;
  Maybe<KiB> dirty, writeback, anon_pages, mapped, shmem;
  Maybe<KiB> kernel_reclaimable, slab, slab_reclaimable, slab_unreclaimable;
  Maybe<KiB> kernel_stack, shadow_call_stack, page_tables, sec_page_tables;
  Maybe<KiB> nfs_unstable, bounce, writeback_tmp, commit_limit, committed_as;
  Maybe<KiB> vmalloc_total, vmalloc_used, vmalloc_chunk, percpu, hardware_corrupted;
  Maybe<KiB> anon_huge_pages, shmem_huge_pages, file_huge_pages, cma_total, cma_free;
  Maybe<KiB> unaccepted, balloon, gpu_active, gpu_reclaim;
  Maybe<KiB> hugepage_size, hugetlb;
  Maybe<std::uint64_t> hugepages_total, hugepages_free, hugepages_reserved, hugepages_surplus;
  Maybe<KiB> file_pages;  // a node's only
};

Meminfo parse_meminfo(Lines lines);
// "Node 0 MemTotal:  ..."; lines of another node are damage.
Meminfo parse_node_meminfo(Lines lines, int node);

}  // namespace whyoom::host
