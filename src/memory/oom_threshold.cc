#include "memory/oom_threshold.h"

namespace whyoom::memory {

namespace {

using kernel::ZoneClass;

// Highest value that makes sense to try: all lowmem.
KiB lowmem_of(const Machine& machine) {
  Pages sum;
  for (const ZoneSize& zone : zone_sizes(machine)) {
    sum += zone.zone <= ZoneClass::normal ? zone.managed : Pages(0);
  }
  return to_kib(sum, machine.page);
}

bool kills(const Machine& machine, KiB value, ZoneClass highest) {
  const auto marks = machine.marks_with(value);
  bool any = false;
  for (std::size_t i = 0; i < machine.zones.size(); ++i) {
    const ZoneState& zone = machine.zones[i];
    if (zone.zone > highest || zone.size() == Pages(0)) {
      continue;
    }
    any = true;
    if (zone.usable() + zone.reclaimable > marks[i].min + zone.reserve) {
      return false;
    }
  }
  return any;
}

std::optional<KiB> first_that_kills(const Machine& machine, ZoneClass highest) {
  std::uint64_t low = 0;
  std::uint64_t high = lowmem_of(machine).count();
  if (high == 0 || !kills(machine, KiB(high), highest)) {
    return std::nullopt;
  }
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (kills(machine, KiB(middle), highest)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return KiB(low);
}

}  // namespace

std::optional<OomThreshold> oom_threshold(const Machine& machine) {
  // Reserves are stored for the request of `machine`; a host's is one of a process, the strictest.
  const auto process = first_that_kills(machine, ZoneClass::movable);
  Machine kernel = machine;
  for (ZoneState& zone : kernel.zones) {
    zone.reserve = zone.kernel_reserve;
  }
  const auto kernel_value = first_that_kills(kernel, ZoneClass::normal);
  if (!process && !kernel_value) {
    return std::nullopt;
  }
  if (!process || (kernel_value && *kernel_value < *process)) {
    return OomThreshold{*kernel_value, true};
  }
  return OomThreshold{*process, false};
}

bool is_near(const std::optional<OomThreshold>& from, KiB value) {
  constexpr double near = 0.80;
  return from &&
         static_cast<double>(value.count()) >= near * static_cast<double>(from->value.count());
}

}  // namespace whyoom::memory
