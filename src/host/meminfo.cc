#include "host/meminfo.h"

#include <algorithm>
#include <iterator>

#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr NamedField<Meminfo, KiB> sizes[] = {
    {"MemTotal", &Meminfo::mem_total},
    {"MemFree", &Meminfo::mem_free},
    {"MemAvailable", &Meminfo::mem_available},
    {"LowTotal", &Meminfo::low_total},
    {"LowFree", &Meminfo::low_free},
    {"HighTotal", &Meminfo::high_total},
    {"HighFree", &Meminfo::high_free},
    {"Buffers", &Meminfo::buffers},
    {"Cached", &Meminfo::cached},
    {"Active(anon)", &Meminfo::active_anon},
    {"Inactive(anon)", &Meminfo::inactive_anon},
    {"Active(file)", &Meminfo::active_file},
    {"Inactive(file)", &Meminfo::inactive_file},
    {"Unevictable", &Meminfo::unevictable},
    {"SwapTotal", &Meminfo::swap_total},
    {"SwapFree", &Meminfo::swap_free},
    {"AnonPages", &Meminfo::anon_pages},
    {"Mapped", &Meminfo::mapped},
    {"Shmem", &Meminfo::shmem},
    {"KReclaimable", &Meminfo::kernel_reclaimable},
    {"SReclaimable", &Meminfo::slab_reclaimable},
    {"SUnreclaim", &Meminfo::slab_unreclaimable},
    {"KernelStack", &Meminfo::kernel_stack},
    {"ShadowCallStack", &Meminfo::shadow_call_stack},
    {"PageTables", &Meminfo::page_tables},
    {"SecPageTables", &Meminfo::sec_page_tables},
    {"Bounce", &Meminfo::bounce},
    {"CommitLimit", &Meminfo::commit_limit},
    {"Committed_AS", &Meminfo::committed_as},
    {"VmallocUsed", &Meminfo::vmalloc_used},
    {"Percpu", &Meminfo::percpu},
    {"Balloon", &Meminfo::balloon},
    {"GPUActive", &Meminfo::gpu_active},
    {"Hugepagesize", &Meminfo::hugepage_size},
    {"Hugetlb", &Meminfo::hugetlb},
    {"CmaTotal", &Meminfo::cma_total},
    {"CmaFree", &Meminfo::cma_free},
};

constexpr NamedField<Meminfo, std::uint64_t> counts[] = {
    {"HugePages_Total", &Meminfo::hugepages_total},
    {"HugePages_Free", &Meminfo::hugepages_free},
    {"HugePages_Rsvd", &Meminfo::hugepages_rsvd},
};

// Sets the field of that name; the first of two lines counts.
void set(Meminfo& result, const KeyValue& read, Lines& lines) {
  const Place at = lines.place();
  if (read.kb) {
    set_field(result, sizes, read.key, Read<KiB>{KiB(read.value), at});
  } else if (set_field(result, counts, read.key, Read<std::uint64_t>{read.value, at})) {
    return;
  } else if (is_meminfo_field(read.key)) {
    lines.damaged(tr("a size in kB"), lines.line());
  }
}

}  // namespace

bool is_meminfo_field(std::string_view name) {
  return std::ranges::find(sizes, name, &NamedField<Meminfo, KiB>::name) != std::end(sizes) ||
         std::ranges::find(counts, name, &NamedField<Meminfo, std::uint64_t>::name) !=
             std::end(counts);
}

Meminfo parse_meminfo(Lines lines) {
  Meminfo result;
  while (lines.next()) {
    if (const auto read = key_value(lines.line());
        read && lines.line().find(':') != std::string_view::npos) {
      set(result, *read, lines);
    } else if (!trim(lines.line()).empty() && !lines.line().starts_with("        total:")) {
      lines.damaged(tr("\"Name: number kB\""), lines.line());
    }
  }
  return result;
}

bool is_empty(const Meminfo& info) {
  const auto is_set = [&info](const auto& field) { return (info.*field.member).has_value(); };
  return std::ranges::none_of(sizes, is_set) && std::ranges::none_of(counts, is_set);
}

}  // namespace whyoom::host
