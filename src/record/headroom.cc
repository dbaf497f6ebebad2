#include "record/headroom.h"

#include <algorithm>

namespace whyoom::record {

Pages left_in(const ZoneFields& zone) {
  const auto pages = [&zone](ZoneField field) { return Pages(zone.of(field)); };
  return pages(ZoneField::free) + pages(ZoneField::reclaimable) -
         (pages(ZoneField::min) + pages(ZoneField::boost) + pages(ZoneField::reserve));
}

std::vector<memory::ZoneSize> zone_sizes_of(const Sample& sample) {
  std::vector<memory::ZoneSize> sizes;
  for (const ZoneFields& zone : sample.zones) {
    if (zone.has(ZoneField::managed)) {
      sizes.push_back({static_cast<kernel::ZoneClass>(zone.of(ZoneField::zone)),
                       Pages(zone.of(ZoneField::managed))});
    }
  }
  return sizes;
}

KiB default_min_free_of(const Sample& sample, PageSize page) {
  const memory::DefaultMinFree both =
      memory::default_min_free(zone_sizes_of(sample), page, memory::rules_for(""));
  const auto value = sample.machine.get(Field::min_free_kbytes);
  for (const KiB own : {both.without_thp, both.with_thp}) {  // somebody may have turned THP on
    if (value == own.count()) {
      return own;
    }
  }
  return both.at_boot;
}

std::optional<Headroom> headroom_of(const Sample& sample, PageSize page) {
  Headroom result;
  bool any = false;
  for (std::size_t i = 0; i < sample.zones.size(); ++i) {
    const ZoneFields& zone = sample.zones[i];
    if (!zone.has(ZoneField::free) || !zone.has(ZoneField::min)) {
      continue;
    }
    any = true;
    const Bytes left = to_bytes(left_in(zone), page);
    result.left += left;
    result.managed += to_bytes(Pages(zone.of(ZoneField::managed)), page);
    if (left >= result.widest_left) {
      result.widest = i;
      result.widest_left = left;
    }
  }
  const MachineFields& machine = sample.machine;
  const KiB anon = KiB(machine.of(Field::active_anon)) + KiB(machine.of(Field::inactive_anon));
  result.left += to_bytes(std::min(anon, KiB(machine.of(Field::swap_free))));
  return any ? std::optional(result) : std::nullopt;
}

Bytes out_of_reach(const Sample& sample, PageSize page) {
  Pages sum;
  for (const ZoneFields& zone : sample.zones) {
    sum += Pages(zone.of(ZoneField::min));
  }
  return to_bytes(sum, page);
}

void Pace::see(const Sample& sample, const std::optional<Headroom>& headroom) {
  // Tasks stalled for a tenth, or all for a fiftieth, of the last ten seconds.
  constexpr std::uint64_t some_high = 1000, full_high = 200;
  constexpr double near_share = 0.05, very_near_share = 0.02, far_share = 0.3;
  constexpr Bytes far_bytes(std::uint64_t{4} << 30U);
  constexpr std::uint64_t minute_ms = 60'000, near_ms = 5'000;
  const std::uint64_t some = sample.machine.of(Field::psi_some_avg10);
  const double share = headroom ? headroom->share() : 1;
  // How long what is left lasts.
  const Bytes left = headroom ? headroom->left : Bytes(0);
  const Bytes lost = headroom && left_ ? *left_ - left : Bytes(0);
  const std::uint64_t passed_ms = sample.boot_ms - std::min(sample.boot_ms, seen_ms_);
  const auto lasts_less_than = [&](std::uint64_t ms) {
    return lost.count() > 0 && passed_ms > 0 &&
           static_cast<double>(left.count()) * static_cast<double>(passed_ms) <
               static_cast<double>(lost.count()) * static_cast<double>(ms);
  };
  falling_ = lasts_less_than(minute_ms);
  near_ = some >= some_high || sample.machine.of(Field::psi_full_avg10) >= full_high ||
          share < near_share || lasts_less_than(near_ms);
  very_near_ = share < very_near_share;
  calm_ = headroom && !near_ && !falling_ && some == 0 && share > far_share;
  far_ = calm_ && left > far_bytes;
  left_ = headroom ? std::optional(left) : std::nullopt;
  seen_ms_ = sample.boot_ms;
}

unsigned Pace::next_ms() {
  constexpr unsigned factor = 5, least_ms = 100, refill_every = 4;
  if (fixed_) {
    return base_ms_;
  }
  if (near_ && early_ > 0) {
    --early_;
    return std::max(least_ms, base_ms_ / (very_near_ ? 2 * factor : factor));
  }
  if (++waited_ % refill_every == 0) {
    early_ = std::min(early_ + 1, most_early);
  }
  return far_ ? base_ms_ * factor : base_ms_;
}

}  // namespace whyoom::record
