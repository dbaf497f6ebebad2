#include "memory/usual_machine.h"

#include <algorithm>

namespace whyoom::memory {

namespace {

constexpr Bytes mib{std::uint64_t{1} << 20U};
constexpr PageSize page{};

// Zones as such a guest has them: DMA below 16 MiB, DMA32 up to 2 GiB (where QEMU's q35 leaves a
// gap for devices), Normal above 4 GiB. What the kernel keeps for itself at boot (its image, and 64
// bytes for each page) is not among the managed pages.
std::vector<ZoneSize> usual_zones(Bytes ram) {
  constexpr Bytes dma = mib * 16, below_gap = mib * 2048, image = mib * 32;
  const auto managed = [](Bytes size) { return to_pages(size - size / 64, page); };
  const Bytes dma32 = std::min(ram, below_gap) - dma;
  std::vector<ZoneSize> zones{{kernel::ZoneClass::dma, to_pages(mib * 15, page)},
                              {kernel::ZoneClass::dma32, managed(dma32 - image)}};
  if (ram > below_gap) {
    zones.push_back({kernel::ZoneClass::normal, managed(ram - below_gap)});
  }
  return zones;
}

}  // namespace

Machine usual_machine(Bytes ram) {
  const std::vector<ZoneSize> sizes = usual_zones(ram);
  Machine machine;
  machine.page = page;
  machine.ram = ram;
  for (const ZoneSize& size : sizes) {
    ZoneState& zone = machine.zones.emplace_back();
    zone.zone = size.zone;
    zone.managed = size.managed;
  }
  machine.default_min_free = default_min_free(sizes, page, machine.rules).at_boot;
  return machine;
}

Bytes cost_of_min_free(const Machine& machine, KiB value) {
  const std::vector<ZoneSize> sizes = zone_sizes(machine);
  const auto high = [&](KiB setting) {
    Pages sum;
    const auto marks = machine.marks_with(setting);
    for (std::size_t i = 0; i < marks.size(); ++i) {
      sum += std::min(marks[i].high, sizes[i].managed);
    }
    return to_bytes(sum, machine.page);
  };
  return high(value) - high(machine.default_min_free.value_or(KiB(0)));
}

std::uint64_t default_threads_max(const Machine& machine) {
  constexpr std::uint64_t stack = 16384;
  return machine.managed().count() / (stack * 8);
}

std::uint64_t default_file_max(const Machine& machine) {
  return to_kib(machine.managed()).count() / 10;
}

}  // namespace whyoom::memory
