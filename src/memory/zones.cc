#include "memory/zones.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/by_node.h"
#include "memory/agree.h"
#include "memory/min_free.h"
#include "memory/sum_of.h"

namespace whyoom::memory {

namespace {

using kernel::Field;
using kernel::ZoneClass;

constexpr int device = 5, none = -1;  // behind the classes of ZoneClass, as the kernel orders them

// The zone classes that kernels are built with, most usual first. lowmem_reserve[] has one number
// for each, but no report names them.
constexpr std::array<std::array<int, 6>, 14> layouts{{
    {0, 1, 2, 4, device, none},  // x86-64, arm64: DMA DMA32 Normal Movable Device
    {0, 1, 2, 4, none, none},    // the same without ZONE_DEVICE
    {0, 2, 3, 4, none, none},    // 32-bit x86, arm: DMA Normal HighMem Movable
    {1, 2, 4, device, none, none},
    {0, 2, 4, device, none, none},
    {0, 2, 3, 4, device, none},
    {2, 3, 4, none, none, none},  // Normal HighMem Movable
    {1, 2, 4, none, none, none},  // DMA32 Normal Movable
    {0, 2, 4, none, none, none},
    {2, 4, device, none, none, none},
    {2, 4, none, none, none, none},
    {0, 1, 2, 3, 4, none},
    {0, 1, 2, 3, 4, device},
    // 2.6.15 to 2.6.18 of 32 bits, with an empty DMA32 and no Movable yet
    {0, 1, 2, 3, none, none},
}};

constexpr std::size_t layout_size(const std::array<int, 6>& layout) {
  return static_cast<std::size_t>(std::ranges::find(layout, none) - layout.begin());
}

std::optional<std::size_t> index_in(const std::array<int, 6>& layout, int zone) {
  const auto found = static_cast<std::size_t>(std::ranges::find(layout, zone) - layout.begin());
  return found < layout.size() ? std::optional(found) : std::nullopt;
}

// Old kernels print zones that have none (mm/page_alloc.c show_free_areas(), to 2.6.16).
bool has_memory(const report::Zone& zone) {
  const auto& present = zone.fields.get(Field::present);
  return !present || present->value > 0;
}

// Each line has as many columns; one with fewer is cut.
std::size_t columns_of(const report::Report& report) {
  std::size_t most = 0;
  for (const report::Zone& zone : report.zones) {
    most = std::max(most, zone.lowmem_reserve.size());
  }
  return most;
}

bool fits(const std::array<int, 6>& layout, const report::Zone& zone, std::size_t columns) {
  const auto cls = zone_class(zone.name);
  if (!cls || zone.lowmem_reserve.empty() || !has_memory(zone)) {
    return true;
  }
  const auto index = index_in(layout, static_cast<int>(*cls));
  if (columns != layout_size(layout) || !index) {
    return false;
  }
  // A zone keeps nothing back from requests that may not go higher than itself.
  const auto own = std::min(*index + 1, zone.lowmem_reserve.size());
  return std::all_of(zone.lowmem_reserve.begin(),
                     zone.lowmem_reserve.begin() + static_cast<std::ptrdiff_t>(own),
                     [](std::uint64_t pages) { return pages == 0; });
}

// A zone with memory makes the reserves of the zones below it on its node grow in its own column.
bool grows_elsewhere(const std::array<int, 6>& layout, const report::Zone& zone,
                     const report::Zone& above) {
  constexpr std::uint64_t large = 64U << 10U;  // KiB: no usual ratio makes a reserve of 0 of it
  const auto cls = zone_class(above.name);
  // 0, the column of the lowest zone, grows by no other.
  const std::size_t index =
      cls ? index_in(layout, static_cast<int>(*cls)).value_or(0) : std::size_t{0};
  // Before 3.9 what is present made the reserve.
  const auto& managed = above.fields.get(Field::managed);
  const auto& size = managed ? managed : above.fields.get(Field::present);
  const auto& reserve = zone.lowmem_reserve;
  const auto own = zone_class(zone.name);
  return index > 0 && index < reserve.size() && own && *own < *cls && size &&
         size->value >= large && reserve.back() > 0 && reserve[index] == reserve[index - 1];
}

// Only ZONE_DMA is printed, of a request for it or by a cut: what it keeps back for the next zone
// tells that zone's size, and one of less than 896 MiB that does not hold the rest of RAM is the
// low memory of 32 bits, under HighMem (the usual ratio is 256). Or ZONE_DMA itself is all of that
// (boards of ARM, PowerPC): that of 64 bits with no ZONE_DMA32 above it ends at 4 GiB.
bool is_below_highmem(const report::Report& report) {
  constexpr std::uint64_t lowmem_mib = 896;
  if (report.zones.size() != 1 || report.zones[0].name != "DMA" ||
      report.zones[0].lowmem_reserve.size() != 4) {
    return false;
  }
  const auto& reserve = report.zones[0].lowmem_reserve;
  const auto& present = report.zones[0].fields.get(Field::present);
  const auto& counted = report.tail.highmem_movable;
  const bool lowmem_is_next = reserve[1] > 0 && reserve[1] <= lowmem_mib;
  const bool is_lowmem = reserve[1] == 0 && present && present->value <= lowmem_mib << 10U &&
                         !(counted && counted->value == 0);
  return reserve[2] > reserve[1] && (lowmem_is_next || is_lowmem);
}

const std::array<int, 6>* find_layout(const report::Report& report) {
  const auto printed = [&report](std::string_view name) {
    return std::ranges::any_of(report.zones, [name](const report::Zone& zone) {
      return zone.name == name && has_memory(zone);
    });
  };
  // The tail counts HighMem and Movable together.
  const bool either = report.tail.highmem_movable && report.tail.highmem_movable->value > 0;
  const bool highmem = printed("HighMem") || is_below_highmem(report) ||
                       (either && !printed("Movable") && !printed("DMA32"));
  const ByNode<report::Zone> by_node(report.zones);
  const std::size_t columns = columns_of(report);
  const auto suits = [&](const std::array<int, 6>& layout) {
    return std::ranges::all_of(report.zones, [&](const report::Zone& zone) {
      return fits(layout, zone, columns) &&
             std::ranges::none_of(by_node.of(zone.node), [&](const report::Zone* above) {
               return grows_elsewhere(layout, zone, *above);
             });
    });
  };
  if (highmem) {
    for (const auto& layout : layouts) {
      if (index_in(layout, static_cast<int>(ZoneClass::highmem)) && suits(layout)) {
        return &layout;
      }
    }
  }
  const auto found = std::ranges::find_if(layouts, suits);
  return found == layouts.end() ? nullptr : &*found;
}

Pages reserve_for(const report::Zone& zone, const std::array<int, 6>* layout, ZoneClass highest) {
  if (layout == nullptr || zone.lowmem_reserve.size() != layout_size(*layout)) {
    return {};
  }
  // A kernel without the class uses the next lower one (gfp_zone(): OPT_ZONE_HIGHMEM and so on).
  for (int cls = static_cast<int>(highest); cls >= 0; --cls) {
    if (const auto index = index_in(*layout, cls)) {
      return Pages(zone.lowmem_reserve[*index]);
    }
  }
  return {};
}

std::optional<Pages> pages_of(const report::Zone& zone, Field field, PageSize page) {
  const auto& value = zone.fields.get(field);
  return value ? std::optional(to_pages(KiB(value->value), page)) : std::nullopt;
}

// managed from the reserve that a lower zone of the node keeps against this one:
// reserve[lower][this] - reserve[lower][this - 1] = managed / ratio.
std::optional<Pages> managed_from_reserve(std::span<const report::Zone* const> of_node,
                                          const std::array<int, 6>* layout, ZoneClass cls) {
  const auto index = layout == nullptr ? std::nullopt : index_in(*layout, static_cast<int>(cls));
  if (!index || *index == 0) {
    return std::nullopt;
  }
  for (const auto* lower : of_node) {
    const auto lower_class = zone_class(lower->name);
    if (!lower_class || *lower_class >= cls || lower->lowmem_reserve.size() <= *index) {
      continue;
    }
    const Pages kept =
        Pages(lower->lowmem_reserve[*index]) - Pages(lower->lowmem_reserve[*index - 1]);
    const std::uint64_t default_ratio = *lower_class == ZoneClass::normal ? 32 : 256;
    if (kept.count() > 0 && kept * default_ratio <= most_pages) {
      return kept * default_ratio;
    }
  }
  return std::nullopt;
}

// Kernels 5.0 to 5.18 add watermark_boost to min, low and high and do not print it. The gaps are
// not boosted: low - min is never less than min / 4 of the unboosted min.
bool hides_boost(const report::Zone& zone, const std::optional<kernel::Release>& release) {
  const bool can_be_boosted = !release || release->at_least(5, 0);
  return can_be_boosted && !zone.fields.get(Field::boost);
}

Pages hidden_boost(const ZoneState& state, const report::Zone& zone,
                   const std::optional<kernel::Release>& release) {
  if (!hides_boost(zone, release)) {
    return {};
  }
  const Pages largest_min = (state.low - state.min) * 4 + Pages(4);
  return state.min > largest_min ? state.min - largest_min : Pages(0);
}

// Without its low, nobody knows how much of its min is a boost.
bool may_be_boosted(const report::Zone& zone, const std::optional<kernel::Release>& release) {
  return hides_boost(zone, release) && !zone.fields.get(Field::low);
}

Pages unusable_pages(const report::Zone& zone, const ZoneState& state, const Request& request,
                     PageSize page) {
  Pages unusable;
  if (!request.may_use_cma) {
    unusable += pages_of(zone, Field::free_cma, page).value_or(Pages(0));
  }
  // From 6.12 on only the free part of the highatomic reserve counts; it is printed from 6.18 on.
  const auto highatomic = pages_of(zone, Field::free_highatomic, page);
  const auto reserved = pages_of(zone, Field::reserved_highatomic, page);
  unusable += std::min(highatomic.value_or(reserved.value_or(Pages(0))), state.free);
  if (request.order && *request.order > 0 && *request.order < 32) {
    unusable += Pages((std::uint64_t{1} << static_cast<unsigned>(*request.order)) - 1);
  }
  return unusable;
}

// The marks behind min, all of them without the boost.
void take_marks(ZoneState& state, const Evidence& evidence) {
  const report::Zone& zone = *state.printed;
  state.low = pages_of(zone, Field::low, evidence.page).value_or(state.min);
  state.high = pages_of(zone, Field::high, evidence.page).value_or(state.low);
  state.boost = pages_of(zone, Field::boost, evidence.page).value_or(Pages(0));
  if (const Pages hidden = hidden_boost(state, zone, evidence.release); hidden > Pages(0)) {
    state.boost = hidden;
    state.boost_inferred = true;
  }
  state.min -= state.boost;
  state.low -= state.boost;
  state.high -= state.boost;
  if (evidence.rules.promo) {
    state.promo = state.high + (state.high - state.low);
  }
}

// A reserve grows from one class to the next where the node has a zone of that class with memory.
// When the request could use that zone and it is not printed, its line was lost.
bool lacks_a_zone(const report::Report& report, ZoneClass highest) {
  const auto* layout = find_layout(report);
  if (layout == nullptr) {
    return false;
  }
  const ByNode<report::Zone> by_node(report.zones);
  const auto printed = [&by_node](int node, int cls) {
    return std::ranges::any_of(by_node.of(node), [cls](const report::Zone* zone) {
      const auto own = zone_class(zone->name);
      // A buddy line alone names the zone and not its size.
      return own && static_cast<int>(*own) == cls && zone->fields.get(Field::free);
    });
  };
  for (const auto& zone : report.zones) {
    for (std::size_t i = 1; i < zone.lowmem_reserve.size() && i < layout->size(); ++i) {
      const int cls = (*layout)[i];
      if (zone.lowmem_reserve[i] > zone.lowmem_reserve[i - 1] && cls >= 0 &&
          cls <= static_cast<int>(highest) && !printed(zone.node, cls)) {
        return true;
      }
    }
  }
  return false;
}

// From 6.1 on (sec_pagetables came with it) the zones above the request's own are not printed, and
// on 64-bit the tail does not count ZONE_MOVABLE: what it holds is RAM without a line. All the
// other zones are there when each has its line of sizes and its line of blocks, and each node a
// zone.
bool may_hide_movable(const Evidence& evidence) {
  const report::Report& report = *evidence.report;
  const ByNode<report::Zone> by_node(report.zones);
  const auto has_zone = [&by_node](const report::Node& node) {
    return !by_node.of(node.id).empty();
  };
  const auto whole = [](const report::Zone& zone) {
    return zone.fields.get(Field::free) && !zone.buddy.empty();
  };
  // The zones below keep back some for it.
  const auto keeps = [](const report::Zone& zone) {
    return !zone.lowmem_reserve.empty() && zone.lowmem_reserve.back() > 0;
  };
  return evidence.request.highest < ZoneClass::movable &&
         report.totals.get(Field::sec_pagetables) && std::ranges::any_of(report.zones, keeps) &&
         std::ranges::all_of(report.zones, whole) && std::ranges::all_of(report.nodes, has_zone);
}

// The zones that are printed have all of the free pages: none with memory to give is missing. Both
// numbers are of the same counters; what is freed while the report is printed makes them differ.
bool have_all_free_pages(const report::Report& report, const std::vector<ZoneState>& states) {
  constexpr Pages allowance(32);  // no zone keeps so few
  const auto& total = report.totals.get(Field::free);
  Pages sum;
  for (const ZoneState& state : states) {
    sum += state.free;
  }
  const Pages counted = total ? Pages(total->value) : Pages(0);
  const Pages differ = sum > counted ? sum - counted : counted - sum;
  return total && differ <= allowance;
}

// "free_cma:" is the last of a zone's row, and the first that a pager cuts off. What the others
// have not of the machine's free CMA memory is here, as far as the other cut ones have no room for
// it.
void add_cut_cma(std::vector<ZoneState>& states, const Evidence& evidence) {
  const auto& total = evidence.report->totals.get(Field::free_cma);
  if (!total || total->value == 0 || evidence.request.may_use_cma ||
      !have_all_free_pages(*evidence.report, states)) {
    return;
  }
  Pages elsewhere;
  for (const ZoneState& state : states) {
    elsewhere += pages_of(*state.printed, Field::free_cma, evidence.page).value_or(state.free);
  }
  for (ZoneState& state : states) {
    const Pages others = elsewhere - std::min(state.free, elsewhere);
    if (!state.printed->fields.get(Field::free_cma) && Pages(total->value) > others) {
      state.unusable += std::min(Pages(total->value) - others, state.free);
    }
  }
}

// A zone that the request could use, of whose line a part was read: what it had free, or what had
// to stay, is not known. A small one among others is no matter.
bool has_unread_zone(const Evidence& evidence) {
  const report::Report& report = *evidence.report;
  const auto nodes = allowed_nodes(report);
  Pages managed;
  for (const ZoneState& state : evidence.zones) {
    managed += state.managed.value_or(Pages(0));
  }
  auto read = evidence.zones.begin();  // in the order of the lines
  return std::ranges::any_of(report.zones, [&](const report::Zone& zone) {
    if (read != evidence.zones.end() && read->printed == &zone) {
      ++read;
      return false;
    }
    const auto cls = zone_class(zone.name);
    if (!cls || *cls > evidence.request.highest || zone.fields.empty() || !has_memory(zone) ||
        (nodes && !nodes->contains(zone.node))) {
      return false;
    }
    const auto own = pages_of(zone, Field::managed, evidence.page);
    return !own || *own * 100 > managed * 3;
  });
}

// What the machine has on its lists is more than these zones can hold.
bool hold_less_than_is_counted(const Evidence& evidence, Pages managed) {
  Pages counted;
  for (const Field field : counted_apart) {
    const auto& value = evidence.report->totals.get(field);
    counted += std::max(Pages(value ? value->value : 0),
                        to_pages(in_parts(*evidence.report, field), evidence.page));
  }
  return counted > managed + managed / 20 + to_pages(most_drift, evidence.page);
}

constexpr std::array<std::pair<std::string_view, ZoneClass>, 5> zone_names{{
    {"DMA", ZoneClass::dma},
    {"DMA32", ZoneClass::dma32},
    {"Normal", ZoneClass::normal},
    {"HighMem", ZoneClass::highmem},
    {"Movable", ZoneClass::movable},
}};

}  // namespace

std::optional<ZoneClass> zone_class(std::string_view name) {
  const auto found =
      std::ranges::find(zone_names, name, &std::pair<std::string_view, ZoneClass>::first);
  return found == zone_names.end() ? std::nullopt : std::optional(found->second);
}

std::string_view zone_name(ZoneClass zone) {
  const auto found =
      std::ranges::find(zone_names, zone, &std::pair<std::string_view, ZoneClass>::second);
  return found == zone_names.end() ? std::string_view() : found->first;
}

Pages drift_allowance(Pages managed, PageSize page) {
  const Pages of_small = std::min(managed / 40, to_pages(Bytes(8 << 20), page));
  return std::max(managed / 400, of_small);
}

std::vector<ZoneState> zone_states(const report::Report& report, const Evidence& evidence,
                                   std::vector<ZoneState>& cut) {
  const auto* layout = find_layout(report);
  const auto nodes = allowed_nodes(report);
  const ByNode<report::Zone> by_node(report.zones);
  std::vector<ZoneState> states;
  for (const auto& zone : report.zones) {
    const auto cls = zone_class(zone.name);
    const auto free = pages_of(zone, Field::free, evidence.page);
    const auto min = pages_of(zone, Field::min, evidence.page);
    if (!cls || !free || !min || !has_memory(zone)) {
      continue;
    }
    ZoneState state;
    state.printed = &zone;
    state.node = zone.node;
    state.name = zone.name;
    state.zone = *cls;
    state.at = zone.at;
    state.free = *free;
    state.min = *min;
    state.eligible = *cls <= evidence.request.highest && (!nodes || nodes->contains(zone.node));
    state.has_block = has_block(zone, evidence.request);
    state.unusable = unusable_pages(zone, state, evidence.request, evidence.page);
    state.reserve = reserve_for(zone, layout, evidence.request.highest);
    state.reserve_known = layout != nullptr && zone.lowmem_reserve.size() == layout_size(*layout);
    state.cut = may_be_boosted(zone, evidence.release);
    if (!state.cut) {
      take_marks(state, evidence);
    }
    state.managed = pages_of(zone, Field::managed, evidence.page);
    if (!state.managed) {  // 2.6.32 has no managed
      state.managed = pages_of(zone, Field::present, evidence.page);
    }
    if (!state.managed) {
      state.managed = managed_from_reserve(by_node.of(zone.node), layout, *cls);
    }
    (state.cut ? cut : states).push_back(std::move(state));
  }
  add_cut_cma(states, evidence);
  size_lost_ones(states, evidence);
  size_by_min(states, evidence, have_all_free_pages(report, states));
  for (auto* each : {&states, &cut}) {
    for (ZoneState& state : *each) {
      set_floor(state, evidence);
    }
  }
  return states;
}

bool zones_complete(const Evidence& evidence) {
  if (evidence.zones.empty() || lacks_a_zone(*evidence.report, evidence.request.highest) ||
      has_unread_zone(evidence)) {
    return false;
  }
  Pages managed;
  for (const ZoneState& state : evidence.zones) {
    if (!state.managed || !state.reserve_known) {
      return false;
    }
    managed += *state.managed;
  }
  const bool filtered = evidence.request.highest < ZoneClass::normal || is_of_some_nodes(evidence);
  if (filtered || may_hide_movable(evidence)) {
    return true;
  }
  if (!evidence.ram) {
    return !hold_less_than_is_counted(evidence, managed);
  }
  Pages expected = to_pages(*evidence.ram, evidence.page);
  // From 6.1 on zones above the request's are not printed.
  const auto& above = evidence.report->tail.highmem_movable;
  if (evidence.request.highest < ZoneClass::highmem && above) {
    expected -= Pages(above->value);
  }
  return managed * 100 >= expected * 97;
}

bool zones_are_ram(const Evidence& evidence) {
  return evidence.zones_complete && !is_of_some_nodes(evidence) &&
         !lacks_a_zone(*evidence.report, ZoneClass::movable);
}

std::optional<Bytes> ram_of_zones(const Evidence& evidence) {
  const bool all_sized = std::ranges::all_of(evidence.zones, [](const ZoneState& state) {
    return state.printed->fields.get(Field::managed).has_value();
  });
  // What a zone must keep (its lowmem_reserve[]) says nothing of its size.
  if (evidence.zones.empty() || lacks_a_zone(*evidence.report, ZoneClass::movable) || !all_sized ||
      is_of_some_nodes(evidence) || !have_all_free_pages(*evidence.report, evidence.zones)) {
    return std::nullopt;
  }
  return evidence.managed();
}

// RAM that was told by the zones themselves says nothing of zones that are missing.
bool is_whole_machine(const Evidence& evidence) {
  return evidence.release && evidence.release->at_least(3, 9) && !evidence.report->memcg &&
         evidence.report->tail.ram && evidence.ram && evidence.zones_complete &&
         !is_of_some_nodes(evidence) && evidence.managed() >= *evidence.ram / 100 * 97;
}

}  // namespace whyoom::memory
