#include "memory/machine.h"

#include <algorithm>

namespace whyoom::memory {

namespace {

using kernel::GfpFlag;

constexpr std::uint64_t unlimited_kib = std::uint64_t{1} << 52;

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

MachineZone zone_of(const ZoneState& state, const Evidence& evidence) {
  MachineZone zone;
  zone.node = state.node;
  zone.name = state.name;
  zone.zone = state.zone;
  zone.eligible = state.eligible;
  zone.managed = state.managed.value_or(Pages(0));
  zone.free = state.free;
  zone.unusable = state.unusable;
  zone.marks = {state.min, state.low, state.high, {}};
  if (evidence.rules.promo) {
    zone.marks.promo = state.high + (state.high - state.low);
  }
  zone.boost = state.boost;
  zone.reserve = state.reserve;
  zone.has_block = has_block(*state.printed, evidence.request);
  return zone;
}

std::optional<CgroupLimit> cgroup_of(const Evidence& evidence) {
  if (evidence.constraint != report::ConstraintKind::memcg || !evidence.report->memcg) {
    return std::nullopt;
  }
  const report::MemcgCounter& memory = evidence.report->memcg->memory;
  if (!memory.usage_kib || !memory.limit_kib || memory.limit_kib->value >= unlimited_kib) {
    return std::nullopt;
  }
  return CgroupLimit{to_bytes(KiB(memory.usage_kib->value)),
                     to_bytes(KiB(memory.limit_kib->value))};
}

}  // namespace

bool may_serve(const report::BuddyBlock& block, const Request& request) {
  if (block.types.empty()) {  // kernels before 3.x print no types
    return true;
  }
  return block.types.find_first_of("UMER") != std::string::npos ||
         (request.may_use_cma && block.types.find('C') != std::string::npos);
}

Pages lowered_mark(Pages min, Pages boost, const Request& request, bool boost_counts) {
  if (!request.flags_known || !request.flags.has(GfpFlag::high)) {
    return min + boost;
  }
  if (!kernel::is_atomic(request.flags)) {
    return (min + boost) / 2;
  }
  return (min + (boost_counts ? boost : Pages(0))) * 3 / 8;
}

std::optional<std::uint32_t> told_scale_factor(const std::vector<MachineZone>& zones) {
  const MachineZone* largest = nullptr;
  for (const MachineZone& zone : zones) {
    const Pages gap = zone.marks.low - zone.marks.min;
    const bool shows = gap > zone.marks.min / 4 + Pages(1) && zone.managed.count() > 0 &&
                       zone.zone <= kernel::ZoneClass::normal;
    if (shows && (largest == nullptr || zone.managed > largest->managed)) {
      largest = &zone;
    }
  }
  if (largest == nullptr) {
    return std::nullopt;
  }
  const double part = share(largest->marks.low - largest->marks.min, largest->managed);
  return static_cast<std::uint32_t>(std::clamp(part * 10000 + 0.5, 1.0, 10000.0));
}

Machine machine_of(const Evidence& evidence) {
  Machine machine;
  machine.page = evidence.page;
  machine.rules = evidence.rules;
  machine.request = evidence.request;
  machine.boost_counts = !evidence.release || !evidence.release->at_least(5, 9);
  for (const ZoneState& state : evidence.zones) {
    machine.zones.push_back(zone_of(state, evidence));
  }
  machine.scale_factor = told_scale_factor(machine.zones);
  if (evidence.min_free) {
    machine.min_free_kbytes = evidence.min_free->value;
    machine.default_min_free = evidence.min_free->default_high;
    machine.unprinted = evidence.min_free->unprinted;
  }
  machine.ram = evidence.ram;
  for (const report::Hugepages& pool : evidence.report->hugepages) {
    machine.hugepages.push_back(
        {std::max(pool.node, 0), to_bytes(pool.size), pool.total, pool.free});
  }
  machine.cgroup = cgroup_of(evidence);
  machine.constraint = evidence.constraint;
  return machine;
}

}  // namespace whyoom::memory
