#include "host/counters.h"

#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr NamedField<PageCounters, Pages> page_fields[] = {
    {"nr_free_pages", &PageCounters::free_pages},
    {"nr_free_cma", &PageCounters::free_cma},
    {"nr_zone_inactive_anon", &PageCounters::zone_inactive_anon},
    {"nr_zone_active_anon", &PageCounters::zone_active_anon},
    {"nr_zone_inactive_file", &PageCounters::zone_inactive_file},
    {"nr_zone_active_file", &PageCounters::zone_active_file},
    {"nr_inactive_anon", &PageCounters::inactive_anon},
    {"nr_active_anon", &PageCounters::active_anon},
    {"nr_inactive_file", &PageCounters::inactive_file},
    {"nr_active_file", &PageCounters::active_file},
    {"nr_slab_reclaimable", &PageCounters::slab_reclaimable},
    {"nr_slab_unreclaimable", &PageCounters::slab_unreclaimable},
    {"nr_page_table_pages", &PageCounters::page_table_pages},
    {"nr_anon_pages", &PageCounters::anon_pages},
    {"nr_mapped", &PageCounters::mapped},
    {"nr_shmem", &PageCounters::shmem},
    {"nr_balloon_pages", &PageCounters::balloon_pages},
};

}  // namespace

bool set_counter(PageCounters& counters, std::string_view name, std::uint64_t value, Place at) {
  return set_field(counters, page_fields, name, Read<Pages>{Pages(value), at});
}

Vmstat parse_vmstat(Lines lines) {
  constexpr NamedField<Vmstat, std::uint64_t> events[] = {
      {"oom_kill", &Vmstat::oom_kill},
      {"cma_alloc_fail", &Vmstat::cma_alloc_fail},
      {"htlb_buddy_alloc_fail", &Vmstat::htlb_buddy_alloc_fail},
  };
  Vmstat result;
  while (lines.next()) {
    const auto read = key_value(lines.line());
    if (!read || read->kb) {
      if (!trim(lines.line()).empty()) {
        lines.damaged(tr("\"name number\""), lines.line());
      }
    } else if (!set_counter(result.pages, read->key, read->value, lines.place())) {
      set_field(result, events, read->key, Read<std::uint64_t>{read->value, lines.place()});
    }
  }
  return result;
}

}  // namespace whyoom::host
