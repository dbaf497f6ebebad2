#include "memory/slub_use.h"

#include <algorithm>

#include "memory/evidence.h"

namespace whyoom::memory {

namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1}
                                     << 52;  // a physical address, x86-64 and arm64

std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > most_bytes / b ? std::nullopt : std::optional(a * b);
}

}  // namespace

std::optional<SlubUse> slub_use(const Evidence& evidence) {
  const auto& slub = evidence.report->slub;
  if (!slub || slub->nodes.empty()) {
    return std::nullopt;
  }
  std::uint64_t slabs = 0;
  SlubUse use;
  use.at = slub->nodes.front().at;
  for (const report::SlubNode& node : slub->nodes) {
    // An object lies in a slab, and is free or not.
    if (node.free > node.objects || node.slabs > node.objects || node.objects > most_bytes) {
      return std::nullopt;
    }
    slabs += node.slabs;
    use.objects += node.objects;
    use.in_use += node.objects - node.free;
  }
  const auto order = static_cast<unsigned>(slub->min_order.value_or(0));
  const auto by_slabs = product(slabs, std::uint64_t{evidence.page.bytes} << order);
  const auto by_objects = product(use.objects, slub->buffer_size.value_or(0));
  if (!by_slabs || !by_objects || use.objects == 0) {
    return std::nullopt;
  }
  use.at_least = Bytes(std::max(*by_slabs, *by_objects));
  return use;
}

}  // namespace whyoom::memory
