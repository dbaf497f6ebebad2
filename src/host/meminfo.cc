#include "host/meminfo.h"

namespace whyoom::host {
namespace {

constexpr NamedField<Meminfo, KiB> sizes[] = {
    {"MemTotal", &Meminfo::mem_total},
    {"MemFree", &Meminfo::mem_free},
    {"MemAvailable", &Meminfo::mem_available},
    {"Buffers", &Meminfo::buffers},
    {"Cached", &Meminfo::cached},
    {"SwapCached", &Meminfo::swap_cached},
    {"Active(anon)", &Meminfo::active_anon},
    {"Inactive(anon)", &Meminfo::inactive_anon},
    {"Active(file)", &Meminfo::active_file},
    {"Inactive(file)", &Meminfo::inactive_file},
    {"Unevictable", &Meminfo::unevictable},
    {"Mlocked", &Meminfo::mlocked},
    {"HighTotal", &Meminfo::high_total},
    {"HighFree", &Meminfo::high_free},
    {"LowTotal", &Meminfo::low_total},
    {"LowFree", &Meminfo::low_free},
    {"SwapTotal", &Meminfo::swap_total},
    {"SwapFree", &Meminfo::swap_free},
    {"Zswap", &Meminfo::zswap},
    {"Zswapped", &Meminfo::zswapped},
    {"Dirty", &Meminfo::dirty},
    {"Writeback", &Meminfo::writeback},
    {"AnonPages", &Meminfo::anon_pages},
    {"Mapped", &Meminfo::mapped},
    {"Shmem", &Meminfo::shmem},
    {"KReclaimable", &Meminfo::kernel_reclaimable},
    {"Slab", &Meminfo::slab},
    {"SReclaimable", &Meminfo::slab_reclaimable},
    {"SUnreclaim", &Meminfo::slab_unreclaimable},
    {"KernelStack", &Meminfo::kernel_stack},
    {"ShadowCallStack", &Meminfo::shadow_call_stack},
    {"PageTables", &Meminfo::page_tables},
    {"SecPageTables", &Meminfo::sec_page_tables},
    {"NFS_Unstable", &Meminfo::nfs_unstable},
    {"Bounce", &Meminfo::bounce},
    {"WritebackTmp", &Meminfo::writeback_tmp},
    {"CommitLimit", &Meminfo::commit_limit},
    {"Committed_AS", &Meminfo::committed_as},
    {"VmallocTotal", &Meminfo::vmalloc_total},
    {"VmallocUsed", &Meminfo::vmalloc_used},
    {"VmallocChunk", &Meminfo::vmalloc_chunk},
    {"Percpu", &Meminfo::percpu},
    {"HardwareCorrupted", &Meminfo::hardware_corrupted},
    {"AnonHugePages", &Meminfo::anon_huge_pages},
    {"ShmemHugePages", &Meminfo::shmem_huge_pages},
    {"FileHugePages", &Meminfo::file_huge_pages},
    {"CmaTotal", &Meminfo::cma_total},
    {"CmaFree", &Meminfo::cma_free},
    {"Unaccepted", &Meminfo::unaccepted},
    {"Balloon", &Meminfo::balloon},
    {"GPUActive", &Meminfo::gpu_active},
    {"GPUReclaim", &Meminfo::gpu_reclaim},
    {"Hugepagesize", &Meminfo::hugepage_size},
    {"Hugetlb", &Meminfo::hugetlb},
    {"FilePages", &Meminfo::file_pages},
};

constexpr NamedField<Meminfo, std::uint64_t> counts[] = {
    {"HugePages_Total", &Meminfo::hugepages_total},
    {"HugePages_Free", &Meminfo::hugepages_free},
    {"HugePages_Rsvd", &Meminfo::hugepages_reserved},
    {"HugePages_Surp", &Meminfo::hugepages_surplus},
};

// Sets the field of that name; the first of two lines counts.
void set(Meminfo& result, const KeyValue& read, Lines& lines) {
  for (const auto& field : sizes) {
    if (field.name == read.key) {
      if (!read.kb) {
        lines.damaged("a size in kB", lines.line());
      } else if (!(result.*field.member)) {
        result.*field.member = Read<KiB>{KiB(read.value), lines.place()};
      }
      return;
    }
  }
  for (const auto& field : counts) {
    if (field.name == read.key && !read.kb && !(result.*field.member)) {
      result.*field.member = Read<std::uint64_t>{read.value, lines.place()};
    }
  }
}

}  // namespace

Meminfo parse_meminfo(Lines lines) {
  Meminfo result;
  while (lines.next()) {
    if (const auto read = key_value(lines.line());
        read && lines.line().find(':') != std::string_view::npos) {
      set(result, *read, lines);
    } else if (!trim(lines.line()).empty() && !lines.line().starts_with("        total:")) {
      lines.damaged("\"Name: number kB\"", lines.line());
    }
  }
  return result;
}

Meminfo parse_node_meminfo(Lines lines, int node) {
  Meminfo result;
  while (lines.next()) {
    Cursor cursor(lines.line());
    cursor.skip_spaces();
    const bool named = cursor.take("Node ");
    const auto id = cursor.take_unsigned();
    const auto read = key_value(cursor.rest());
    if (named && id && *id == static_cast<std::uint64_t>(node) && read) {
      set(result, *read, lines);
    } else if (!trim(lines.line()).empty()) {
      lines.damaged("\"Node N Name: number kB\"", lines.line());
    }
  }
  return result;
}

}  // namespace whyoom::host
