#include "memory/recorded.h"

#include <algorithm>
#include <utility>

#include "memory/host_state.h"

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

std::optional<Recorded> host_as_it_is(const host::Host& host, std::string source) {
  const Machine machine = machine_of(host);
  if (!machine.ram && !machine.min_free) {
    return std::nullopt;
  }
  Recorded recorded;
  recorded.source = std::move(source);
  recorded.ram = machine.ram.value_or(Bytes(0));
  // An int in the kernel (mm/page_alloc.c), and less than there is.
  const auto& setting = machine.min_free;
  if (setting && setting->value <= KiB(INT32_MAX) && setting->share_of_ram.value_or(0) < 1) {
    recorded.min_free = setting;
    recorded.min_free->at = {1, 0};
  }
  recorded.default_min_free = machine.default_min_free;
  return recorded;
}

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
