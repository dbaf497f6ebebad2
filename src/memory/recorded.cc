#include "memory/recorded.h"

#include <algorithm>

namespace whyoom::memory {
namespace {

void add_fields(report::FieldSet& fields, const report::FieldSet& more) {
  report::FieldSet all = more;
  all.add(fields);
  fields = all;
}

template <class T>
void add(Maybe<T>& value, const Maybe<T>& other) {
  value = value ? value : other;
}

}  // namespace

void add_numbers(report::Report& report, const report::Report& numbers) {
  add_fields(report.totals, numbers.totals);
  if (report.nodes.empty()) {
    report.nodes = numbers.nodes;
  }
  for (const report::Zone& zone : numbers.zones) {
    const auto same = std::ranges::find_if(report.zones, [&zone](const report::Zone& each) {
      return each.node == zone.node && each.name == zone.name;
    });
    if (same == report.zones.end()) {
      report.zones.push_back(zone);
      continue;
    }
    add_fields(same->fields, zone.fields);
    if (same->lowmem_reserve.empty()) {
      same->lowmem_reserve = zone.lowmem_reserve;
      same->lowmem_reserve_at = zone.lowmem_reserve_at;
    }
  }
  if (report.hugepages.empty()) {
    report.hugepages = numbers.hugepages;
  }
  add(report.tail.free_swap_kib, numbers.tail.free_swap_kib);
  add(report.tail.total_swap_kib, numbers.tail.total_swap_kib);
  if (!report.tail.ram || !report.tail.reserved) {
    report.tail.ram = numbers.tail.ram;
    report.tail.reserved = numbers.tail.reserved;
  }
}

}  // namespace whyoom::memory
