#include "memory/host_state.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/by_node.h"
#include "memory/account.h"
#include "memory/zones.h"

namespace whyoom::memory {

namespace {

using kernel::ZoneClass;

template <class T>
T or_zero(const Maybe<T>& value) {
  return value ? value->value : T();
}

Request process_request() {
  Request request;
  request.order = 0;
  for (const auto flag :
       {kernel::GfpFlag::highmem, kernel::GfpFlag::movable, kernel::GfpFlag::direct_reclaim,
        kernel::GfpFlag::kswapd_reclaim, kernel::GfpFlag::io, kernel::GfpFlag::fs}) {
    request.flags.set(flag);
  }
  request.flags_known = true;
  return request;
}

// zone_reclaimable_pages(): file pages, and anonymous ones when there is swap to write them to.
Pages reclaimable(const host::PageCounters& counters, bool swap) {
  const bool by_zone = counters.zone_inactive_file || counters.zone_active_file;
  Pages sum = by_zone ? or_zero(counters.zone_inactive_file) + or_zero(counters.zone_active_file)
                      : or_zero(counters.inactive_file) + or_zero(counters.active_file);
  if (swap) {
    sum += by_zone ? or_zero(counters.zone_inactive_anon) + or_zero(counters.zone_active_anon)
                   : or_zero(counters.inactive_anon) + or_zero(counters.active_anon);
  }
  return sum;
}

// The reserve against requests that may use zones up to `highest`: the n-th number is for the n-th
// zone of the node.
Pages reserve_for(std::span<const host::Zone* const> of_node, const host::Zone& zone,
                  ZoneClass highest) {
  if (!zone.protection) {
    return {};
  }
  std::optional<std::size_t> index;
  std::size_t position = 0;
  for (const host::Zone* each : of_node) {
    const auto cls = zone_class(each->name);
    if (cls && *cls <= highest) {
      index = position;
    }
    ++position;
  }
  const std::vector<Pages>& reserves = zone.protection->value;
  return index && *index < reserves.size() ? reserves[*index] : Pages(0);
}

ZoneState zone_of(std::span<const host::Zone* const> of_node, const host::Zone& from, ZoneClass cls,
                  bool swap) {
  ZoneState zone;
  zone.node = from.node;
  zone.name = from.name;
  zone.zone = cls;
  zone.eligible = true;
  zone.managed = from.managed ? from.managed->value : or_zero(from.present);
  zone.free = or_zero(from.free);
  zone.unusable = std::min(zone.free, from.free_highatomic ? from.free_highatomic->value
                                                           : or_zero(from.reserved_highatomic));
  zone.reclaimable = reclaimable(from.counters, swap);
  zone.boost = or_zero(from.boost);
  static_cast<Watermarks&>(zone) = {or_zero(from.min) - zone.boost, or_zero(from.low) - zone.boost,
                                    or_zero(from.high) - zone.boost,
                                    or_zero(from.promo) - zone.boost};
  zone.reserve = reserve_for(of_node, from, ZoneClass::movable);
  zone.kernel_reserve = reserve_for(of_node, from, ZoneClass::normal);
  zone.reserve_known = from.protection.has_value();
  zone.has_block = true;
  zone.at = from.at;
  return zone;
}

// Presence, not version: the marks themselves show which rule made them.
bool marks_follow(Machine machine, const WatermarkRules& rules) {
  machine.rules = rules;
  const auto marks = machine.marks_with(machine.min_free->value);
  for (std::size_t i = 0; i < machine.zones.size(); ++i) {
    if (marks[i].min != machine.zones[i].min) {
      return false;
    }
  }
  return true;
}

WatermarkRules rules_of(const host::Host& host, const Machine& machine) {
  WatermarkRules rules = rules_for(host.release ? host.release->value : "");
  rules.scale_factor = rules.scale_factor || host.settings.watermark_scale_factor.has_value();
  if (machine.min_free && !marks_follow(machine, rules)) {
    WatermarkRules other = rules;
    other.movable_in_lowmem = !rules.movable_in_lowmem;
    rules = marks_follow(machine, other) ? other : rules;
  }
  return rules;
}

std::optional<std::uint32_t> number(const host::Settings::Number& setting) {
  return setting && setting->value >= 0 && setting->value <= UINT32_MAX
             ? std::optional(static_cast<std::uint32_t>(setting->value))
             : std::nullopt;
}

// The kernel shares min_free_kbytes out over the zones, to a page for each
// (mm/page_alloc.c __setup_per_zone_wmarks()). When those that were read have less of it, a line of
// /proc/zoneinfo was lost, and with it a zone.
bool lacks_a_zone(const Machine& machine) {
  if (!machine.min_free) {
    return false;
  }
  Pages shares(machine.zones.size());
  for (const ZoneState& zone : machine.zones) {
    shares += zone.min;
  }
  return shares < to_pages(machine.min_free->value, machine.page);
}

Machine without_own_choice(const host::Host& host) {
  Machine machine;
  machine.page = host.page_size.value_or(PageSize{});
  machine.request = process_request();
  const bool swap = host.meminfo.swap_free && host.meminfo.swap_free->value > KiB(0);
  const ByNode<host::Zone> by_node(host.zones);
  for (const host::Zone& zone : host.zones) {
    const auto cls = zone_class(zone.name);
    if (cls && zone.free && zone.min) {
      machine.zones.push_back(zone_of(by_node.of(zone.node), zone, *cls, swap));
    }
  }
  const host::Settings& settings = host.settings;
  if (settings.min_free_kbytes && settings.min_free_kbytes->value >= 0) {
    machine.min_free = MinFree{KiB(static_cast<std::uint64_t>(settings.min_free_kbytes->value)),
                               settings.min_free_kbytes->at};
  }
  if (lacks_a_zone(machine)) {
    machine.zones.clear();  // nothing that all zones decide is known
  }
  machine.scale_factor = number(settings.watermark_scale_factor);
  if (settings.lowmem_reserve_ratio) {
    for (const std::int64_t part : settings.lowmem_reserve_ratio->value) {
      machine.reserve_ratio.push_back(
          static_cast<std::uint32_t>(std::clamp<std::int64_t>(part, 0, INT32_MAX)));
    }
  }
  if (const auto panic = number(settings.panic_on_oom); panic && *panic <= 2) {
    machine.panic_on_oom = static_cast<int>(*panic);
  }
  if (host.meminfo.mem_total) {
    machine.ram = to_bytes(host.meminfo.mem_total->value);
    if (machine.min_free) {
      machine.min_free->share_of_ram =
          share(machine.min_free->value, host.meminfo.mem_total->value);
    }
  }
  for (const host::HugePool& pool : host.huge_pools) {
    if (pool.total && pool.free && pool.reserved) {
      const std::uint64_t idle =
          pool.free->value - std::min(pool.free->value, pool.reserved->value);
      machine.hugepages.push_back(
          {0, to_bytes(pool.page_size), pool.total->value, idle, pool.total->at});
    }
  }
  machine.constraint = report::ConstraintKind::none;
  machine.rules = rules_of(host, machine);
  return machine;
}

// Some per cent of memory join the zones after the kernel has made its choice, or an initramfs,
// so that a small machine's choice is a little below what its size now gives.
constexpr double joined_later = 0.05;
constexpr double most_joined_later = 0.50;
constexpr Bytes initramfs{std::uint64_t{48} << 20U};

bool can_be(KiB value, KiB computed, bool by_square_root, Bytes managed) {
  const double left = 1 - std::clamp(share(initramfs, managed), joined_later, most_joined_later);
  const double lower =
      static_cast<double>(computed.count()) * (by_square_root ? std::sqrt(left) : left);
  return value <= computed && static_cast<double>(value.count()) >= lower - 1;
}

std::optional<KiB> kernel_default(const host::Host& host, const Machine& machine) {
  const std::vector<ZoneSize> sizes = zone_sizes(machine);
  if (sizes.empty()) {
    return std::nullopt;
  }
  const DefaultMinFree both = default_min_free(sizes, machine.page, machine.rules);
  const auto& thp = host.transparent_huge;
  const KiB computed = !thp                    ? both.at_boot
                       : thp->value == "never" ? both.without_thp
                                               : both.with_thp;
  // Only khugepaged's raise below its limit of 5 % does not depend on the size of memory.
  const bool by_square_root = computed == both.without_thp;
  const bool whole_blocks =
      !by_square_root &&
      computed.count() % to_kib(pageblock_pages(machine.page), machine.page).count() == 0;
  if (machine.min_free && !whole_blocks &&
      can_be(machine.min_free->value, computed, by_square_root, machine.managed())) {
    return machine.min_free->value;
  }
  return computed;
}

}  // namespace

// si_mem_available() of mm/show_mem.c.
std::optional<Bytes> available_after(const HostState& state, const WhatIf& change) {
  const host::Meminfo& info = state.host->meminfo;
  if (!state.available || !info.mem_free) {
    return std::nullopt;
  }
  Pages reserve, low;
  for (const ZoneChange& zone : change.zones) {
    const ZoneMoment& moment = zone.after;
    reserve += std::min(moment.reserve + moment.marks.high + moment.boost, zone.managed);
    low += moment.marks.low + moment.boost;
  }
  Bytes all = to_bytes(info.mem_free->value), kept = to_bytes(reserve, state.machine.page);
  const KiB cache = or_zero(info.active_file) + or_zero(info.inactive_file);
  const KiB slab =
      or_zero(info.kernel_reclaimable ? info.kernel_reclaimable : info.slab_reclaimable);
  for (const KiB part : {cache, slab}) {
    all += to_bytes(part);
    kept += std::min(to_bytes(part) / 2, to_bytes(low, state.machine.page));
  }
  return all - kept;
}

Machine machine_of(const host::Host& host) {
  Machine machine = without_own_choice(host);
  machine.default_min_free = kernel_default(host, machine);
  return machine;
}

HostState state_of(const host::Host& host) {
  HostState state;
  state.host = &host;
  state.machine = machine_of(host);
  state.ram = state.machine.ram;
  state.account = account_of(host, state.machine);
  if (host.meminfo.mem_free) {
    state.free = to_bytes(host.meminfo.mem_free->value);
  }
  if (host.meminfo.mem_available) {
    state.available = to_bytes(host.meminfo.mem_available->value);
  }
  if (state.machine.min_free && state.machine.default_min_free) {
    state.with_default =
        what_if(state.machine, {.min_free_kbytes = state.machine.default_min_free});
  }
  if (state.with_default) {
    state.available_with_default = available_after(state, *state.with_default);
  }
  state.kills_from = oom_threshold(state.machine);
  return state;
}

UsedShares used_shares(const host::Host& host) {
  const host::Meminfo& info = host.meminfo;
  UsedShares used;
  if (!info.mem_total || info.mem_total->value == KiB(0)) {
    return used;
  }
  const KiB all = info.mem_total->value;
  if (info.mem_available) {
    used.by_available = share(all - info.mem_available->value, all);
  }
  if (info.mem_free && info.buffers && info.cached && info.slab_reclaimable && info.shmem) {
    const KiB kept = info.mem_free->value + info.buffers->value + info.cached->value +
                     info.slab_reclaimable->value;
    used.by_console = share(all + info.shmem->value - kept, all);
  }
  return used;
}

}  // namespace whyoom::memory
