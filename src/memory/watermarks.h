// The kernel's own arithmetic of watermarks and reserves, to the page.
// Source: mm/page_alloc.c __setup_per_zone_wmarks(), setup_per_zone_lowmem_reserve(),
// calculate_min_free_kbytes(); mm/khugepaged.c set_recommended_min_free_kbytes().
// Read in 2.6.18 to 6.19; checked against /proc/zoneinfo of 5.10, 6.1 and 6.12. Up to 3.9 the
// kernel computes with present pages: give those as `managed`. A Device zone has no managed pages:
// give it as a Normal zone with 0.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "kernel/gfp.h"

namespace whyoom::memory {

// Which requests for one page need not leave the boost (mm/page_alloc.c zone_watermark_fast()):
// those that may not wait since 5.9 (commit f80b08fc4453), all with __GFP_HIGH since 6.3
// (1ebbb21811b7). Larger ones leave it.
enum class PassesBoost : std::uint8_t { nobody, atomic, high };

// What differs between kernels in this arithmetic. Each is told from the evidence where it shows,
// from the release otherwise.
struct WatermarkRules {
  bool movable_in_lowmem = false;       // until 6.5: ZONE_MOVABLE counts as lowmem
  bool scale_factor = true;             // since 4.6: watermark_scale_factor exists
  bool promo = true;                    // since 5.18: a promo mark above high
  std::uint32_t min_free_max = 262144;  // kB; 65536 before 5.7 and in el8 before 4.18.0-240
  bool thp_counts_all_zones = false;    // until 4.16: khugepaged counts HighMem and Movable too
  bool old_reserve = false;  // until 4.16: a lowmem_reserve_ratio of 0 means 1; HighMem has 32
  PassesBoost passes_boost = PassesBoost::nobody;  // nobody too when the release is not known
};
// The newest rules but for the boost when the release is empty or cannot be read.
WatermarkRules rules_for(std::string_view release);

struct ZoneSize {
  kernel::ZoneClass zone = kernel::ZoneClass::normal;
  Pages managed;
};

template <class Zones>
bool any_highmem(const Zones& zones) {
  return std::ranges::any_of(
      zones, [](const auto& zone) { return zone.zone == kernel::ZoneClass::highmem; });
}
// Whether the zone has a share of min_free_kbytes. The others' min is a small fixed number.
bool is_lowmem(kernel::ZoneClass zone, bool beside_highmem, const WatermarkRules& rules);
// What the setting is shared out over.
Pages lowmem_of(std::span<const ZoneSize> zones, const WatermarkRules& rules);

struct Watermarks {
  Pages min, low, high, promo;
  friend bool operator==(const Watermarks&, const Watermarks&) = default;
};

inline constexpr std::uint32_t default_scale_factor = 10;  // of 10000

// One result for each zone, in the order given. `zones` must be all zones of all nodes, because the
// setting is shared out over them. Boost is not included; promo is 0 where the kernel has none.
std::vector<Watermarks> watermarks(std::span<const ZoneSize> zones, KiB min_free_kbytes,
                                   std::uint32_t scale_factor, PageSize page,
                                   const WatermarkRules& rules);

// What the kernel chooses when nobody sets min_free_kbytes. `without_thp` is the square-root rule,
// computed at boot; `with_thp` adds khugepaged's raise, which needs the pageblock size; `at_boot`
// is the one of them that comes without anybody's doing: below 512 MiB of RAM transparent huge
// pages are off until somebody turns them on (mm/huge_memory.c hugepage_init(), since 2.6.38).
// Pages that joined `managed` after boot (initrd, init sections: the sum of the boot log's "Freeing
// ..." lines) make the square-root rule up to a few per cent too much on a small machine: 2757
// instead of 2730 kB at 512 MB.
struct DefaultMinFree {
  KiB without_thp;
  KiB with_thp;
  KiB at_boot;
};
DefaultMinFree default_min_free(std::span<const ZoneSize> zones, PageSize page,
                                const WatermarkRules& rules);

// Pages of a pageblock as the kernel has it for transparent huge pages of this page size and
// architecture: 4 KiB -> 512 (2 MiB), 16 KiB -> 2048 (32 MiB), 64 KiB on arm64 -> 8192 (512 MiB).
// A huge page fills one page of page table entries of 8 bytes. Not so on i386 without PAE (1024)
// and on powerpc with 64 KiB (32 or 256).
Pages pageblock_pages(PageSize page);

// lowmem_reserve[zone][class] in pages for the zones of one node from the lowest up, also the empty
// ones (as /proc/zoneinfo lists them). `ratio` is vm.lowmem_reserve_ratio: the n-th number is for
// the n-th zone; the kernel's default where it is missing. 6.10 to some 6.12 print 0 for an empty
// upper zone, which no request can tell.
std::vector<std::vector<Pages>> lowmem_reserve(std::span<const ZoneSize> node_zones,
                                               std::span<const std::uint32_t> ratio,
                                               const WatermarkRules& rules = {});

}  // namespace whyoom::memory
