#include "host/counters.h"

namespace whyoom::host {
namespace {

constexpr NamedField<PageCounters, Pages> page_fields[] = {
    {"nr_free_pages", &PageCounters::free_pages},
    {"nr_free_cma", &PageCounters::free_cma},
    {"nr_zspages", &PageCounters::zspages},
    {"nr_mlock", &PageCounters::mlock},
    {"nr_bounce", &PageCounters::bounce},
    {"nr_zone_inactive_anon", &PageCounters::zone_inactive_anon},
    {"nr_zone_active_anon", &PageCounters::zone_active_anon},
    {"nr_zone_inactive_file", &PageCounters::zone_inactive_file},
    {"nr_zone_active_file", &PageCounters::zone_active_file},
    {"nr_zone_unevictable", &PageCounters::zone_unevictable},
    {"nr_zone_write_pending", &PageCounters::zone_write_pending},
    {"nr_inactive_anon", &PageCounters::inactive_anon},
    {"nr_active_anon", &PageCounters::active_anon},
    {"nr_inactive_file", &PageCounters::inactive_file},
    {"nr_active_file", &PageCounters::active_file},
    {"nr_unevictable", &PageCounters::unevictable},
    {"nr_isolated_anon", &PageCounters::isolated_anon},
    {"nr_isolated_file", &PageCounters::isolated_file},
    {"nr_slab_reclaimable", &PageCounters::slab_reclaimable},
    {"nr_slab_unreclaimable", &PageCounters::slab_unreclaimable},
    {"nr_kernel_misc_reclaimable", &PageCounters::kernel_misc_reclaimable},
    {"nr_anon_pages", &PageCounters::anon_pages},
    {"nr_mapped", &PageCounters::mapped},
    {"nr_file_pages", &PageCounters::file_pages},
    {"nr_dirty", &PageCounters::dirty},
    {"nr_writeback", &PageCounters::writeback},
    {"nr_writeback_temp", &PageCounters::writeback_temp},
    {"nr_unstable", &PageCounters::unstable},
    {"nr_shmem", &PageCounters::shmem},
    {"nr_page_table_pages", &PageCounters::page_table_pages},
    {"nr_sec_page_table_pages", &PageCounters::sec_page_table_pages},
    {"nr_swapcached", &PageCounters::swap_cached},
    {"nr_balloon_pages", &PageCounters::balloon_pages},
    {"nr_unaccepted", &PageCounters::unaccepted},
};

constexpr NamedField<Vmstat, std::uint64_t> event_fields[] = {
    {"oom_kill", &Vmstat::oom_kill},
    {"pgmajfault", &Vmstat::pgmajfault},
    {"pswpin", &Vmstat::pswpin},
    {"pswpout", &Vmstat::pswpout},
    {"pgfault", &Vmstat::pgfault},
    {"pgscan_kswapd", &Vmstat::pgscan_kswapd},
    {"pgscan_direct", &Vmstat::pgscan_direct},
    {"pgsteal_kswapd", &Vmstat::pgsteal_kswapd},
    {"pgsteal_direct", &Vmstat::pgsteal_direct},
    {"compact_stall", &Vmstat::compact_stall},
    {"compact_fail", &Vmstat::compact_fail},
    {"compact_success", &Vmstat::compact_success},
    {"kswapd_low_wmark_hit_quickly", &Vmstat::kswapd_low_wmark_hit_quickly},
    {"kswapd_high_wmark_hit_quickly", &Vmstat::kswapd_high_wmark_hit_quickly},
    {"pageoutrun", &Vmstat::pageoutrun},
    {"thp_fault_alloc", &Vmstat::thp_fault_alloc},
    {"thp_fault_fallback", &Vmstat::thp_fault_fallback},
    {"thp_split_page", &Vmstat::thp_split_page},
    {"thp_swpout_fallback", &Vmstat::thp_swpout_fallback},
    {"workingset_refault_anon", &Vmstat::workingset_refault_anon},
    {"workingset_refault_file", &Vmstat::workingset_refault_file},
    {"workingset_refault", &Vmstat::workingset_refault},
    {"balloon_inflate", &Vmstat::balloon_inflate},
    {"balloon_deflate", &Vmstat::balloon_deflate},
    {"cma_alloc_fail", &Vmstat::cma_alloc_fail},
    {"htlb_buddy_alloc_fail", &Vmstat::htlb_buddy_alloc_fail},
    {"drop_pagecache", &Vmstat::drop_pagecache},
};

// Counters of one event that old kernels split by zone ("pgscan_kswapd_dma32", until 4.7) and all
// kernels since 4.8 still split for allocstall.
struct Split {
  std::string_view prefix;
  Maybe<std::uint64_t> Vmstat::*member;
};
constexpr Split split_fields[] = {
    {"allocstall", &Vmstat::allocstall},         {"pgscan_kswapd", &Vmstat::pgscan_kswapd},
    {"pgscan_direct", &Vmstat::pgscan_direct},   {"pgsteal_kswapd", &Vmstat::pgsteal_kswapd},
    {"pgsteal_direct", &Vmstat::pgsteal_direct},
};
constexpr std::string_view zone_suffixes[] = {"_dma",  "_dma32",   "_normal",
                                              "_high", "_movable", "_device"};

void set_event(Vmstat& result, std::string_view name, Read<std::uint64_t> read) {
  for (const Split& split : split_fields) {
    if (!name.starts_with(split.prefix)) {
      continue;
    }
    const std::string_view suffix = name.substr(split.prefix.size());
    bool known = suffix.empty();
    for (const std::string_view zone : zone_suffixes) {
      known = known || suffix == zone;
    }
    if (known) {
      Maybe<std::uint64_t>& sum = result.*split.member;
      if (!sum) {
        sum = read;
      } else if (__builtin_add_overflow(sum->value, read.value, &sum->value)) {
        sum->value = UINT64_MAX;
      }
      return;
    }
  }
  for (const auto& field : event_fields) {
    if (field.name == name && !(result.*field.member)) {
      result.*field.member = read;
      return;
    }
  }
}

}  // namespace

bool set_counter(PageCounters& counters, std::string_view name, std::uint64_t value, Place at) {
  if (!name.starts_with("nr_")) {
    return false;
  }
  if (name == "nr_kernel_stack" && !counters.kernel_stack) {
    counters.kernel_stack = Read<std::uint64_t>{value, at};
    return true;
  }
  for (const auto& field : page_fields) {
    if (field.name == name) {
      if (!(counters.*field.member)) {
        counters.*field.member = Read<Pages>{Pages(value), at};
      }
      return true;
    }
  }
  return false;
}

Vmstat parse_vmstat(Lines lines) {
  Vmstat result;
  while (lines.next()) {
    const auto read = key_value(lines.line());
    if (!read || read->kb) {
      if (!trim(lines.line()).empty()) {
        lines.damaged("\"name number\"", lines.line());
      }
    } else if (!set_counter(result.pages, read->key, read->value, lines.place())) {
      set_event(result, read->key, {read->value, lines.place()});
    }
  }
  return result;
}

}  // namespace whyoom::host
