// The kernel's own arithmetic of watermarks and reserves, to the page.
// Source: mm/page_alloc.c __setup_per_zone_wmarks(), setup_per_zone_lowmem_reserve(),
// calculate_min_free_kbytes(); mm/khugepaged.c set_recommended_min_free_kbytes().
// Checked against /proc/zoneinfo of 5.10, 6.1, 6.12, 6.18 and 7.3.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "kernel/gfp.h"

namespace whyoom::memory {

// What differs between kernels in this arithmetic. Each is told from the evidence where it shows,
// from the release otherwise.
struct WatermarkRules {
  bool movable_in_lowmem = false;    // until between 6.5 and 6.8: ZONE_MOVABLE counts as lowmem
  bool scale_factor = true;          // v4.6: watermark_scale_factor exists
  bool promo = true;                 // v5.19 (sampled): a promo mark above high
  std::uint32_t min_free_max = 262144;  // kB; 65536 before v5.7
};
WatermarkRules rules_for(std::string_view release);

struct ZoneSize {
  int node = 0;
  kernel::ZoneClass zone = kernel::ZoneClass::normal;
  Pages managed;
};

struct Watermarks {
  Pages min, low, high, promo;
  friend bool operator==(const Watermarks&, const Watermarks&) = default;
};

struct WatermarkSettings {
  KiB min_free_kbytes;
  std::uint32_t scale_factor = 10;  // of 10000
};

// One result for each zone, in the order given. Boost is not included.
std::vector<Watermarks> watermarks(std::span<const ZoneSize> zones, const WatermarkSettings& settings,
                                   PageSize page, const WatermarkRules& rules);

// What the kernel chooses when nobody sets min_free_kbytes. `without_thp` is the square-root rule;
// `with_thp` adds khugepaged's raise, which needs the pageblock size.
struct DefaultMinFree {
  KiB without_thp;
  KiB with_thp;
};
DefaultMinFree default_min_free(std::span<const ZoneSize> zones, PageSize page,
                                Pages pageblock, const WatermarkRules& rules);

// Pages of a pageblock as the kernel has it for transparent huge pages of this page size and
// architecture: 4 KiB -> 512 (2 MiB), 16 KiB -> 2048 (32 MiB), 64 KiB on arm64 -> 8192 (512 MiB).
Pages pageblock_pages(PageSize page);

// lowmem_reserve[zone][class] in pages for the zones of one node, given
// vm.lowmem_reserve_ratio (one number for each zone class from DMA up; missing = kernel default).
std::vector<std::vector<Pages>> lowmem_reserve(std::span<const ZoneSize> node_zones,
                                               std::span<const std::uint32_t> ratio);

}  // namespace whyoom::memory
