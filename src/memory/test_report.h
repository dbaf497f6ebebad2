// Reports made by hand, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "memory/evidence.h"
#include "report/report.h"

namespace whyoom::memory::testing_only {

using kernel::Field;

constexpr PageSize page_4k{4096};
inline Bytes pages(std::uint64_t count) { return to_bytes(Pages(count), page_4k); }

struct ZoneNumbers {
  std::uint64_t free = 0, min = 0, low = 0, high = 0;  // kB
  std::uint64_t managed = 0;                           // kB; 0 = not printed
  std::vector<std::uint64_t> reserve;                  // pages; empty = the line is lost
};

inline report::Zone& add_zone(report::Report& report, int node, std::string name,
                              const ZoneNumbers& numbers) {
  report::Zone zone;
  const Place at{0, static_cast<std::uint32_t>(report.zones.size()) + 10};
  zone.node = node;
  zone.name = std::move(name);
  zone.at = at;
  zone.fields.set(Field::free, numbers.free, at);
  zone.fields.set(Field::min, numbers.min, at);
  zone.fields.set(Field::low, numbers.low, at);
  zone.fields.set(Field::high, numbers.high, at);
  if (numbers.managed != 0) {
    zone.fields.set(Field::managed, numbers.managed, at);
  }
  zone.lowmem_reserve = numbers.reserve;
  report.zones.push_back(std::move(zone));
  return report.zones.back();
}

// "X invoked oom-killer" with the flags that decide where it may allocate.
inline void set_request(report::Report& report, std::vector<kernel::GfpFlag> flags, int order = 0) {
  report.trigger.emplace();
  report.trigger->order = order;
  report.trigger->gfp.emplace();
  // GFP_KERNEL's own flags, so that the set is never empty.
  for (const auto flag : {kernel::GfpFlag::io, kernel::GfpFlag::fs, kernel::GfpFlag::direct_reclaim,
                          kernel::GfpFlag::kswapd_reclaim}) {
    report.trigger->gfp->flags.set(flag);
  }
  for (const auto flag : flags) {
    report.trigger->gfp->flags.set(flag);
  }
}

inline void set_user_request(report::Report& report, int order = 0) {  // GFP_HIGHUSER_MOVABLE
  set_request(report, {kernel::GfpFlag::highmem, kernel::GfpFlag::movable}, order);
}

inline void set_ram(report::Report& report, std::uint64_t present, std::uint64_t reserved) {
  report.tail.ram = Read<std::uint64_t>{present, {0, 90}};
  report.tail.reserved = Read<std::uint64_t>{reserved, {0, 91}};
}

inline void set_release(report::Report& report, std::string release) {
  report.stack.emplace();
  report.stack->release = std::move(release);
}

inline void set_total(report::Report& report, Field field, std::uint64_t pages) {
  report.totals.set(field, pages, {0, 5});
}

// 100000 pages of RAM, 79000 of them in the counters.
inline report::Report counted() {
  report::Report report;
  set_user_request(report);
  set_ram(report, 104000, 4000);
  set_total(report, Field::active_anon, 30000);
  set_total(report, Field::inactive_anon, 10000);
  set_total(report, Field::active_file, 3000);
  set_total(report, Field::inactive_file, 2000);
  set_total(report, Field::unevictable, 1500);
  set_total(report, Field::slab_reclaimable, 2500);
  set_total(report, Field::slab_unreclaimable, 7000);
  set_total(report, Field::shmem, 12000);
  set_total(report, Field::pagetables, 3000);
  set_total(report, Field::free, 20000);
  return report;
}

// A VM with 4 GiB: DMA, DMA32, Normal, with the numbers that 6.1 prints.
inline report::Report vm() {
  report::Report report;
  set_user_request(report);
  add_zone(report, 0, "DMA", {15296, 252, 312, 372, 15360, {0, 2965, 3918, 3918, 3918}});
  add_zone(report, 0, "DMA32", {54000, 50936, 63668, 76400, 3036192, {0, 0, 953, 953, 953}});
  add_zone(report, 0, "Normal", {16200, 16384, 20480, 24576, 976836, {0, 0, 0, 0, 0}});
  return report;
}

inline const ZoneState& zone_named(const Evidence& evidence, const std::string& name) {
  for (const ZoneState& zone : evidence.zones) {
    if (zone.name == name) {
      return zone;
    }
  }
  static const ZoneState none;
  return none;
}

// The cells of a row of the vectors.
inline std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == by) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

inline std::uint64_t number(std::string_view text) {
  return parse_number<std::uint64_t>(trim(text)).value_or(0);
}

}  // namespace whyoom::memory::testing_only
