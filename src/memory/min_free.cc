#include "memory/min_free.h"

#include <algorithm>

#include "memory/zones.h"

namespace whyoom::memory {

namespace {

using kernel::ZoneClass;

// Pages that HighMem and Movable zones hold and that take no part in the sum.
Pages outside_lowmem(const Evidence& evidence) {
  const bool highmem = any_highmem(evidence.zones);
  Pages printed;
  for (const ZoneState& zone : evidence.zones) {
    if (!is_lowmem(zone.zone, highmem, evidence.rules)) {
      printed += zone.managed.value_or(Pages(0));
    }
  }
  const auto& tail = evidence.report->tail.highmem_movable;
  return std::max(printed,
                  tail && !evidence.rules.movable_in_lowmem ? Pages(tail->value) : Pages(0));
}

// khugepaged's raise counts zones, so as many are added as the rest can make: the low ones of node
// 0, and others no larger than the largest that was printed.
void add_unprinted(std::vector<ZoneSize>& sizes, Pages rest) {
  constexpr std::uint64_t most = 64;
  for (const ZoneClass low : {ZoneClass::dma, ZoneClass::dma32}) {
    if (std::ranges::find(sizes, low, &ZoneSize::zone) == sizes.end()) {
      sizes.push_back({low, Pages(1)});
    }
  }
  const Pages largest = std::ranges::max_element(sizes, {}, &ZoneSize::managed)->managed;
  const std::uint64_t count = std::clamp<std::uint64_t>(
      (rest.count() + largest.count() - 1) / std::max<std::uint64_t>(largest.count(), 1), 1, most);
  for (std::uint64_t i = 0; i < count; ++i) {
    sizes.push_back({ZoneClass::normal, rest / count});
  }
}

}  // namespace

void size_by_min(std::vector<ZoneState>& states, const Evidence& evidence, bool all_printed) {
  const auto in_lowmem = [&, highmem = any_highmem(states)](const ZoneState& state) {
    return is_lowmem(state.zone, highmem, evidence.rules);
  };
  Pages min;
  Pages managed;
  Pages min_of_all;
  for (const ZoneState& state : states) {
    if (!in_lowmem(state)) {
      continue;
    }
    min_of_all += state.min;
    if (state.managed && state.min > min) {
      min = state.min;
      managed = *state.managed;
    }
  }
  if (managed.count() == 0 && evidence.ram && all_printed &&
      std::ranges::all_of(states, in_lowmem)) {
    min = min_of_all;
    managed = to_pages(*evidence.ram, evidence.page);
  }
  if (min.count() == 0 || managed.count() == 0) {
    return;
  }
  const double per_page = share(managed, min);
  for (ZoneState& state : states) {
    if (!state.managed && in_lowmem(state) && state.min <= most_pages) {
      state.managed =
          Pages(static_cast<std::uint64_t>(static_cast<double>(state.min.count()) * per_page));
    }
  }
}

void size_lost_ones(std::vector<ZoneState>& states, const Evidence& evidence) {
  const auto is_printed = [](const ZoneState& state) {
    return state.printed->fields.get(kernel::Field::managed).has_value();
  };
  if (std::ranges::none_of(states, is_printed) || std::ranges::all_of(states, is_printed)) {
    return;
  }
  std::vector<ZoneState> sized = states;
  for (ZoneState& state : sized) {
    state.managed = is_printed(state) ? state.managed : std::nullopt;
  }
  size_by_min(sized, evidence, false);
  for (std::size_t i = 0; i < states.size(); ++i) {
    std::optional<Pages>& managed = states[i].managed;
    const auto& by_min = sized[i].managed;
    if (managed && by_min && *by_min <= *managed && *by_min * 4 >= *managed * 3) {
      managed = by_min;
    }
  }
}

void recover_min_free(Evidence& evidence) {
  Pages min;
  Pages managed;
  const bool highmem = any_highmem(evidence.zones);
  std::vector<ZoneSize> sizes;
  for (const ZoneState& zone : evidence.zones) {
    if (zone.managed && zone.managed->count() > 0) {
      sizes.push_back({zone.zone, *zone.managed});
    }
    if (is_lowmem(zone.zone, highmem, evidence.rules) && zone.managed) {
      min += zone.min;
      managed += *zone.managed;
    }
  }
  if (managed.count() == 0 || min.count() == 0) {
    return;
  }
  Pages lowmem = managed;
  if (evidence.ram) {
    lowmem = std::max(lowmem, to_pages(*evidence.ram, evidence.page) - outside_lowmem(evidence));
  }
  MinFree found;
  // Of a machine whose size nobody tells, zones may be missing.
  found.exact = managed * 100 >= lowmem * 98 && (evidence.ram || evidence.zones_complete);
  const double scale = found.exact ? 1.0 : share(lowmem, managed);
  found.value = to_kib(Pages(static_cast<std::uint64_t>(static_cast<double>(min.count()) * scale)),
                       evidence.page);
  // ZONE_MOVABLE and HighMem are RAM too, and have no share in it.
  found.share_of_ram =
      share(to_bytes(found.value), std::max(to_bytes(found.exact ? managed : lowmem, evidence.page),
                                            evidence.ram.value_or(Bytes())));
  if (!found.exact) {
    evidence.unprinted = lowmem - managed;
    add_unprinted(sizes, evidence.unprinted);
  }
  evidence.min_free = found;
  evidence.default_min_free = default_min_free(sizes, evidence.page, evidence.rules).at_boot;
}

}  // namespace whyoom::memory
