#include "memory/watermarks.h"

#include <algorithm>

#include "base/text.h"
#include "kernel/release.h"

namespace whyoom::memory {
namespace {

using kernel::ZoneClass;

std::uint64_t integer_sqrt(std::uint64_t value) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31U; bit != 0; bit >>= 1U) {
    const std::uint64_t next = root | bit;
    if (next * next <= value) {
      root = next;
    }
  }
  return root;
}

// nr_free_buffer_pages(): what lies above the high mark in the zones that kernel buffers may use.
Pages free_buffer_pages(std::span<const ZoneSize> zones, std::span<const Watermarks> marks) {
  Pages sum;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (zones[i].zone <= ZoneClass::normal) {
      sum += zones[i].managed - (i < marks.size() ? marks[i].high : Pages(0));
    }
  }
  return sum;
}

std::uint64_t counted_by_khugepaged(std::span<const ZoneSize> zones, const WatermarkRules& rules) {
  const auto counted = std::count_if(zones.begin(), zones.end(), [&](const ZoneSize& zone) {
    return zone.managed.count() > 0 &&
           (zone.zone <= ZoneClass::normal || rules.thp_counts_all_zones);
  });
  return static_cast<std::uint64_t>(counted);
}

// The build number of "4.18.0-240.el8": el8 took the higher limit between -147 and -240.
bool el8_has_low_limit(std::string_view release) {
  const std::size_t dash = release.find('-');
  Cursor cursor(dash == std::string_view::npos ? std::string_view{} : release.substr(dash + 1));
  const auto build = cursor.take_unsigned();
  return build && *build < 240;
}

std::uint32_t default_ratio(ZoneClass zone, const WatermarkRules& rules) {
  switch (zone) {
    case ZoneClass::dma:
    case ZoneClass::dma32:
      return 256;
    case ZoneClass::normal:
      return 32;
    case ZoneClass::highmem:
      return rules.old_reserve ? 32 : 0;
    case ZoneClass::movable:
      return 0;
  }
  return 0;
}

}  // namespace

WatermarkRules rules_for(std::string_view release) {
  WatermarkRules rules;
  const auto parsed = kernel::parse_release(release);
  if (!parsed) {
    return rules;
  }
  rules.movable_in_lowmem = !parsed->at_least(6, 6);
  rules.scale_factor = parsed->at_least(4, 6);
  rules.promo = parsed->at_least(5, 18);
  rules.thp_counts_all_zones = !parsed->at_least(4, 17);
  rules.old_reserve = !parsed->at_least(4, 17);
  rules.passes_boost = parsed->at_least(6, 3)   ? PassesBoost::high
                       : parsed->at_least(5, 9) ? PassesBoost::atomic
                                                : PassesBoost::nobody;
  const bool low_limit =
      parsed->enterprise == 8 ? el8_has_low_limit(release) : !parsed->at_least(5, 7);
  rules.min_free_max = low_limit ? 65536 : 262144;
  return rules;
}

bool is_lowmem(ZoneClass zone, bool beside_highmem, const WatermarkRules& rules) {
  // Movable memory is cut from the highest zone, so beside HighMem it is high memory itself.
  return zone < ZoneClass::highmem ||
         (zone == ZoneClass::movable && !beside_highmem && rules.movable_in_lowmem);
}

Pages lowmem_of(std::span<const ZoneSize> zones, const WatermarkRules& rules) {
  const bool highmem = any_highmem(zones);
  Pages sum;
  for (const ZoneSize& zone : zones) {
    sum += is_lowmem(zone.zone, highmem, rules) ? zone.managed : Pages(0);
  }
  return sum;
}

std::vector<Watermarks> watermarks(std::span<const ZoneSize> zones, KiB min_free_kbytes,
                                   std::uint32_t scale_factor, PageSize page,
                                   const WatermarkRules& rules) {
  const Pages pages_min = to_pages(min_free_kbytes, page);
  const bool highmem = any_highmem(zones);
  const Pages lowmem = lowmem_of(zones, rules);
  std::vector<Watermarks> marks;
  marks.reserve(zones.size());
  for (const ZoneSize& zone : zones) {
    const Pages share = pages_min * zone.managed.count() / lowmem.count();
    Watermarks mark;
    mark.min = is_lowmem(zone.zone, highmem, rules)
                   ? share
                   : std::clamp(zone.managed / 1024, Pages(32), Pages(128));
    if (rules.scale_factor) {
      const Pages gap = std::max(share / 4, zone.managed * scale_factor / 10000);
      mark.low = mark.min + gap;
      mark.high = mark.low + gap;
      mark.promo = rules.promo ? mark.high + gap : Pages(0);
    } else {
      mark.low = mark.min + share / 4;
      mark.high = mark.min + share / 2;
    }
    marks.push_back(mark);
  }
  return marks;
}

DefaultMinFree default_min_free(std::span<const ZoneSize> zones, PageSize page,
                                const WatermarkRules& rules) {
  // At boot no mark is set yet.
  const KiB buffer = to_kib(free_buffer_pages(zones, {}), page);
  DefaultMinFree result;
  result.without_thp =
      std::clamp(KiB(integer_sqrt((buffer * 16).count())), KiB(128), KiB(rules.min_free_max));
  // khugepaged starts when the marks of that value stand.
  const std::vector<Watermarks> marks =
      watermarks(zones, result.without_thp, default_scale_factor, page, rules);
  constexpr std::uint64_t blocks_a_zone = 2 + 3 * 3;  // 3: kinds of pages with per-CPU lists
  const Pages wanted = pageblock_pages(page) * counted_by_khugepaged(zones, rules) * blocks_a_zone;
  const Pages limit = free_buffer_pages(zones, marks) / 20;
  result.with_thp = std::max(result.without_thp, to_kib(std::min(wanted, limit), page));
  Pages all;
  for (const ZoneSize& zone : zones) {
    all += zone.managed;
  }
  constexpr Bytes huge_pages_from(std::uint64_t{512} << 20U);
  result.at_boot = to_bytes(all, page) < huge_pages_from ? result.without_thp : result.with_thp;
  return result;
}

Pages pageblock_pages(PageSize page) {
  const Pages entries(page.bytes / 8);
  return std::max(entries, Pages(1));
}

std::vector<std::vector<Pages>> lowmem_reserve(std::span<const ZoneSize> node_zones,
                                               std::span<const std::uint32_t> ratio,
                                               const WatermarkRules& rules) {
  const std::size_t count = node_zones.size();
  std::vector<std::vector<Pages>> reserve(count, std::vector<Pages>(count));
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t part = i < ratio.size() ? ratio[i] : default_ratio(node_zones[i].zone, rules);
    if (rules.old_reserve && part == 0) {
      part = 1;
    }
    if (part == 0 || node_zones[i].managed.count() == 0) {
      continue;
    }
    Pages above;
    for (std::size_t j = i + 1; j < count; ++j) {
      above += node_zones[j].managed;
      reserve[i][j] = above / part;
    }
  }
  return reserve;
}

}  // namespace whyoom::memory
