#include "memory/machine.h"

#include <algorithm>

#include "kernel/page_counter.h"

namespace whyoom::memory {

using kernel::GfpFlag;

std::optional<Bytes> limit_of(const Maybe<std::uint64_t>& limit) {
  return limit && !kernel::is_no_limit(to_bytes(KiB(limit->value)))
             ? std::optional(to_bytes(KiB(limit->value)))
             : std::nullopt;
}

std::vector<Watermarks> Machine::marks_with(KiB min_free_kbytes) const {
  return watermarks(zone_sizes(*this), min_free_kbytes, scale_factor.value_or(default_scale_factor),
                    page, rules);
}

Bytes Machine::managed() const {
  Pages sum;
  for (const ZoneState& zone : zones) {
    sum += zone.size();
  }
  return to_bytes(sum, page);
}

bool may_serve(const report::BuddyBlock& block, const Request& request) {
  if (block.types.empty()) {  // kernels before 3.x print no types
    return true;
  }
  return block.types.find_first_of("UMER") != std::string::npos ||
         (request.may_use_cma && block.types.find('C') != std::string::npos);
}

std::optional<bool> has_block(const report::Zone& zone, const Request& request) {
  const int order = request.order.value_or(0);
  if (order < 1) {
    return true;
  }
  if (zone.buddy.empty()) {
    return std::nullopt;
  }
  return std::ranges::any_of(zone.buddy, [&](const report::BuddyBlock& block) {
    return block.order >= order && block.count > 0 && may_serve(block, request);
  });
}

Pages lowered_mark(Pages min, Pages boost, const Request& request, PassesBoost passes) {
  if (!request.flags_known || !request.flags.has(GfpFlag::high)) {
    return min + boost;
  }
  const bool atomic = kernel::is_atomic(request.flags);
  const bool by = passes == PassesBoost::high || (atomic && passes == PassesBoost::atomic);
  const Pages mark = by && request.order.value_or(0) == 0 ? min : min + boost;
  // The kernel takes parts in whole pages away, and rounds them down (__zone_watermark_ok()).
  const Pages high = mark - mark / 2;
  return atomic ? high - high / 4 : high;
}

Pages slack_of(Pages floor, Pages managed, PageSize page) {
  const Pages batch = std::min(managed / 1024, to_pages(Bytes(1 << 20), page));
  return floor / 100 + std::max(batch, Pages(32));
}

void set_floor(ZoneState& zone, const Machine& machine) {
  zone.floor = lowered_mark(zone.min, zone.boost, machine.request, machine.rules.passes_boost) +
               zone.reserve;
  zone.slack = slack_of(zone.floor, zone.size(), machine.page);
}

std::optional<std::uint32_t> inferred_scale_factor(const std::vector<ZoneState>& zones) {
  const ZoneState* largest = nullptr;
  for (const ZoneState& zone : zones) {
    const Pages gap = zone.low - zone.min;
    const bool shows = gap > zone.min / 4 + Pages(1) && zone.size() > Pages(0) &&
                       zone.zone <= kernel::ZoneClass::normal;
    if (shows && (largest == nullptr || zone.size() > largest->size())) {
      largest = &zone;
    }
  }
  if (largest == nullptr) {
    return std::nullopt;
  }
  const double part = share(largest->low - largest->min, largest->size());
  return static_cast<std::uint32_t>(std::clamp(part * 10000 + 0.5, 1.0, 10000.0));
}

std::vector<ZoneSize> zone_sizes(const Machine& machine) {
  std::vector<ZoneSize> sizes;
  for (const ZoneState& zone : machine.zones) {
    sizes.push_back({zone.zone, zone.size()});
  }
  if (machine.unprinted > Pages(0)) {
    sizes.push_back({kernel::ZoneClass::normal, machine.unprinted});
  }
  return sizes;
}

}  // namespace whyoom::memory
