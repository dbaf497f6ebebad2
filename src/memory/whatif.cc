#include "memory/whatif.h"

#include <algorithm>
#include <limits>

#include "base/by_node.h"
#include "base/text.h"
#include "memory/zones.h"

namespace whyoom::memory {

namespace {

using kernel::ZoneClass;

// The machine with the new settings. Zones keep their order.
class Changed {
 public:
  Changed(const Machine& machine, const Settings& settings, WhatIf& result)
      : before_(machine), settings_(settings), result_(result), machine_(machine) {}

  const Machine& apply();

 private:
  void add_ram();
  void move_hugepages();
  void set_marks();
  void set_boost();
  void set_reserves();
  [[nodiscard]] std::optional<KiB> new_min_free() const;
  void give(int node, Bytes size);
  void take(int node, Bytes size);
  ZoneState* kernel_zone(int node, bool may_be_empty);

  const Machine& before_;
  const Settings& settings_;
  WhatIf& result_;
  Machine machine_;
};

// The zone of the node that memory comes to and goes from: the highest that is not Movable. Memory
// that is new may be the first of its zone.
ZoneState* Changed::kernel_zone(int node, bool may_be_empty) {
  ZoneState* best = nullptr;
  for (ZoneState& zone : machine_.zones) {
    if (!may_be_empty && zone.managed == Pages(0)) {
      continue;
    }
    const bool better =
        best == nullptr || best->node != node || (zone.node == node && zone.zone > best->zone);
    if (zone.zone < ZoneClass::movable && better && (zone.node == node || best == nullptr)) {
      best = &zone;
    }
  }
  return best;
}

void Changed::give(int node, Bytes size) {
  if (ZoneState* zone = kernel_zone(node, false)) {
    zone->free += to_pages(size, machine_.page);
  }
}

void Changed::take(int node, Bytes size) {
  if (ZoneState* zone = kernel_zone(node, false)) {
    zone->free -= to_pages(size, machine_.page);
  }
}

void Changed::add_ram() {
  if (!settings_.ram || !machine_.ram || *settings_.ram == *machine_.ram) {
    return;
  }
  const Pages more = to_pages(*settings_.ram - *machine_.ram, machine_.page);
  ZoneState* zone = kernel_zone(machine_.zones.empty() ? 0 : machine_.zones.front().node, true);
  if (zone == nullptr) {
    return;
  }
  zone->managed = zone->size() + more;
  zone->free += more;
  machine_.ram = settings_.ram;
  result_.assumptions.emplace_back(
      Message("the new memory joins zone {} of node {} and is free", zone->name, zone->node));
}

void Changed::move_hugepages() {
  if (!settings_.nr_hugepages || machine_.hugepages.empty()) {
    return;
  }
  // The sysctl is about one size, 2 MiB by default; no report says which. It is shared out over the
  // nodes.
  const Bytes size = std::ranges::min_element(machine_.hugepages, {}, &HugepagePool::size)->size;
  std::uint64_t total = 0;
  for (const HugepagePool& pool : machine_.hugepages) {
    total += pool.size == size ? pool.total : 0;
  }
  const std::uint64_t wanted = *settings_.nr_hugepages;
  for (HugepagePool& pool : machine_.hugepages) {
    if (pool.size != size) {
      continue;
    }
    if (wanted < total) {
      const std::uint64_t released = std::min(total - wanted, pool.free);
      total -= released;
      pool.free -= released;
      give(pool.node, size * released);
    } else if (wanted > total) {
      take(pool.node, size * (wanted - total));
      total = wanted;
    }
  }
  if (wanted < total) {
    result_.assumptions.emplace_back(
        Message("{} huge pages are in use and cannot be given back", total - wanted));
  }
}

// With more RAM a setting that nobody made grows with it.
std::optional<KiB> Changed::new_min_free() const {
  if (settings_.min_free_kbytes || !settings_.ram || !before_.min_free ||
      !before_.default_min_free) {
    return settings_.min_free_kbytes;
  }
  const bool is_default =
      before_.min_free->value.count() * 100 >= before_.default_min_free->count() * 95 &&
      before_.min_free->value.count() * 100 <= before_.default_min_free->count() * 105;
  if (!is_default) {
    return before_.min_free->value;
  }
  return default_min_free(zone_sizes(machine_), machine_.page, machine_.rules).at_boot;
}

void Changed::set_marks() {
  const auto min_free = new_min_free();
  if (!min_free && !settings_.watermark_scale_factor) {
    return;
  }
  if (settings_.watermark_scale_factor) {
    machine_.scale_factor = settings_.watermark_scale_factor;
  }
  const std::uint32_t scale = machine_.scale_factor.value_or(default_scale_factor);
  if (min_free && !machine_.scale_factor && machine_.rules.scale_factor) {
    result_.assumptions.emplace_back(Message(
        "vm.watermark_scale_factor is taken as {}, the default: the report does not show it",
        scale));
  }
  if (!min_free) {
    // Only low and high move; min stays as it was printed.
    for (ZoneState& zone : machine_.zones) {
      const Pages gap = std::max(zone.min / 4, zone.size() * scale / 10000);
      zone.low = zone.min + gap;
      zone.high = zone.low + gap;
      zone.promo = machine_.rules.promo ? zone.high + gap : Pages(0);
    }
    return;
  }
  machine_.min_free = MinFree{*min_free};
  const auto marks = machine_.marks_with(*min_free);
  for (std::size_t i = 0; i < machine_.zones.size(); ++i) {
    ZoneState& zone = machine_.zones[i];
    if (zone.managed) {  // of one of unknown size nothing can be said
      static_cast<Watermarks&>(zone) = marks[i];
    }
  }
}

// A new value of min_free_kbytes also ends a boost (setup_per_zone_wmarks() sets it to 0).
void Changed::set_boost() {
  const bool marks_set = settings_.min_free_kbytes || settings_.watermark_scale_factor;
  for (ZoneState& zone : machine_.zones) {
    if (marks_set) {
      zone.boost = Pages(0);
    } else if (settings_.watermark_boost_factor) {
      zone.boost = std::min(zone.boost, zone.high * *settings_.watermark_boost_factor / 10000);
    }
  }
}

void Changed::set_reserves() {
  if (!settings_.lowmem_reserve_ratio && !settings_.ram) {
    return;
  }
  constexpr int classes = static_cast<int>(ZoneClass::movable) + 1;
  const ByNode<ZoneState> by_node(machine_.zones);
  for (ZoneState& zone : machine_.zones) {
    const auto of_node = by_node.of(zone.node);
    // The zones of this node as the kernel counts them; those that are not there are empty.
    std::vector<ZoneSize> node;
    std::vector<std::uint32_t> ratio;
    std::size_t own = 0;
    std::size_t highest = 0;
    for (int cls = 0; cls < classes; ++cls) {
      const auto found = std::ranges::find(of_node, static_cast<ZoneClass>(cls), &ZoneState::zone);
      if (found == of_node.end()) {
        continue;
      }
      const ZoneState& own_of_class = **found;
      own = own_of_class.zone == zone.zone ? node.size() : own;
      highest = own_of_class.zone <= machine_.request.highest ? node.size() : highest;
      node.push_back({own_of_class.zone, own_of_class.size()});
    }
    const std::vector<std::uint32_t>& given =
        settings_.lowmem_reserve_ratio ? *settings_.lowmem_reserve_ratio : before_.reserve_ratio;
    // The n-th number is for the n-th zone that the kernel was built with. Those that it has not
    // are not printed: DMA32 beside HighMem, HighMem beside DMA32.
    const bool has_highmem = std::ranges::any_of(
        node, [](const ZoneSize& each) { return each.zone == ZoneClass::highmem; });
    for (const ZoneSize& each : node) {
      auto index = static_cast<std::size_t>(each.zone);
      if (has_highmem || each.zone > ZoneClass::highmem) {
        index -= each.zone > ZoneClass::dma32 ? 1 : 0;
      }
      if (index >= given.size()) {
        break;
      }
      ratio.push_back(given[index]);
    }
    zone.reserve = lowmem_reserve(node, ratio, machine_.rules)[own][std::max(own, highest)];
  }
}

const Machine& Changed::apply() {
  add_ram();
  move_hugepages();
  set_marks();
  set_boost();
  set_reserves();
  return machine_;
}

ZoneMoment moment(ZoneState zone, const Machine& machine) {
  set_floor(zone, machine);
  return {zone, zone.boost, zone.reserve, zone.usable(), zone.floor};
}

// nullopt when it hangs on a block that the evidence does not show.
std::optional<bool> passes(const Machine& machine) {
  bool any = false;
  bool unknown = false;
  for (ZoneState zone : machine.zones) {
    set_floor(zone, machine);
    if (!zone.eligible) {
      continue;
    }
    any = true;
    if (!zone.is_short()) {
      if (zone.has_block.value_or(false)) {
        return true;
      }
      unknown = unknown || !zone.has_block;
    }
  }
  return !any || unknown ? std::nullopt : std::optional(false);
}

std::optional<RequestChange> request_of(const Machine& before, const Machine& after,
                                        const Settings& settings) {
  if (before.cgroup) {
    const Bytes asked = to_bytes(Pages(std::uint64_t{1} << static_cast<unsigned>(
                                           std::clamp(before.request.order.value_or(0), 0, 20))),
                                 before.page);
    const Bytes limit = settings.memory_max.value_or(before.cgroup->limit);
    return RequestChange{false, settings.memory_max && before.cgroup->usage + asked <= limit};
  }
  const auto was = passes(before);
  const auto is = passes(after);
  if (!was || !is) {
    return std::nullopt;
  }
  return RequestChange{*was, *is};
}

Fate fate(int panic_on_oom, std::optional<report::ConstraintKind> constraint) {
  const bool global = !constraint || *constraint == report::ConstraintKind::none;
  return panic_on_oom == 2 || (panic_on_oom == 1 && global) ? Fate::panic : Fate::kill;
}

std::string ratio_text(const std::vector<std::uint32_t>& ratio) {
  return ratio.empty() ? "default"
                       : join(ratio, " ", [](std::uint32_t part) { return std::to_string(part); });
}

std::string size_text(Bytes size) {
  return size.count() == std::numeric_limits<std::uint64_t>::max() ? "max"
                                                                   : std::to_string(size.count());
}

void list_settings(const Machine& machine, const Settings& settings, WhatIf& result) {
  const auto add = [&result](std::string key, std::optional<std::string> before,
                             std::string after) {
    result.settings.push_back({std::move(key), std::move(before), std::move(after)});
  };
  const auto text = [](const auto& value) {
    return value ? std::optional(std::to_string(*value)) : std::nullopt;
  };
  if (settings.min_free_kbytes) {
    add("vm.min_free_kbytes",
        machine.min_free ? std::optional(std::to_string(machine.min_free->value.count()))
                         : std::nullopt,
        std::to_string(settings.min_free_kbytes->count()));
  }
  if (settings.watermark_scale_factor) {
    add("vm.watermark_scale_factor", text(machine.scale_factor),
        std::to_string(*settings.watermark_scale_factor));
  }
  if (settings.watermark_boost_factor) {
    add("vm.watermark_boost_factor", std::nullopt,
        std::to_string(*settings.watermark_boost_factor));
  }
  if (settings.lowmem_reserve_ratio) {
    add("vm.lowmem_reserve_ratio",
        machine.reserve_ratio.empty() ? std::nullopt
                                      : std::optional(ratio_text(machine.reserve_ratio)),
        ratio_text(*settings.lowmem_reserve_ratio));
  }
  if (settings.nr_hugepages) {
    std::uint64_t total = 0;
    for (const HugepagePool& pool : machine.hugepages) {
      total += pool.total;
    }
    add("vm.nr_hugepages",
        machine.hugepages.empty() ? std::nullopt : std::optional(std::to_string(total)),
        std::to_string(*settings.nr_hugepages));
  }
  if (settings.panic_on_oom) {
    add("vm.panic_on_oom", text(machine.panic_on_oom), std::to_string(*settings.panic_on_oom));
  }
  if (settings.memory_max) {
    add("memory.max",
        machine.cgroup ? std::optional(size_text(machine.cgroup->limit)) : std::nullopt,
        size_text(*settings.memory_max));
  }
  if (settings.ram) {
    add("ram", machine.ram ? std::optional(size_text(*machine.ram)) : std::nullopt,
        size_text(*settings.ram));
  }
}

void note_what_has_no_effect(const Machine& machine, const Settings& settings, WhatIf& result) {
  // A limit of another kind than the one that was hit.
  if (machine.cgroup ? !settings.memory_max && !settings.panic_on_oom
                     : settings.memory_max && result.settings.size() == 1) {
    result.no_effect = result.assumptions.size();
  }
  if (machine.cgroup && !settings.memory_max) {
    result.assumptions.emplace_back(Message(
        "the request failed at the limit of a cgroup: settings of the machine do not change "
        "that, memory.max does"));
  }
  if (!machine.cgroup && settings.memory_max) {
    result.assumptions.emplace_back(
        Message("the request did not fail at the limit of a cgroup: memory.max changes nothing"));
  }
  if (settings.memory_max && machine.cgroup) {
    result.assumptions.emplace_back(Message("no cgroup above has a lower limit"));
  }
  const bool shows_boost =
      std::ranges::any_of(machine.zones, [](const auto& zone) { return zone.boost > Pages(0); });
  if (settings.watermark_boost_factor && !shows_boost) {
    result.assumptions.emplace_back(
        Message("no zone was boosted at that moment: vm.watermark_boost_factor changes nothing"));
  }
  if (settings.nr_hugepages && machine.hugepages.empty()) {
    result.assumptions.emplace_back(Message("no huge page pool is known: nothing is moved"));
  }
}

}  // namespace

WhatIf what_if(const Machine& machine, const Settings& settings) {
  WhatIf result;
  list_settings(machine, settings, result);
  Changed changed(machine, settings, result);
  const Machine& after = changed.apply();
  for (std::size_t i = 0; i < machine.zones.size(); ++i) {
    const ZoneState& zone = machine.zones[i];
    ZoneChange change{zone.node,
                      zone.name,
                      zone.eligible,
                      zone.size(),
                      moment(zone, machine),
                      moment(after.zones[i], after)};
    if (zone.eligible) {
      const auto bytes = [&machine](Pages pages) { return to_bytes(pages, machine.page); };
      result.out_of_reach_before += bytes(change.before.out_of_reach());
      result.out_of_reach_after += bytes(change.after.out_of_reach());
      result.within_reach_before += bytes(change.before.within_reach());
      result.within_reach_after += bytes(change.after.within_reach());
    }
    result.zones.push_back(std::move(change));
  }
  result.request = request_of(machine, after, settings);
  if (settings.panic_on_oom) {
    if (machine.panic_on_oom) {
      result.fate_before = fate(*machine.panic_on_oom, machine.constraint);
    }
    result.fate_after = fate(*settings.panic_on_oom, machine.constraint);
  }
  note_what_has_no_effect(machine, settings, result);
  return result;
}

}  // namespace whyoom::memory
