// Whether a zone with enough free pages has a block of the asked size (the buddy lines).
// Source: mm/page_alloc.c __zone_watermark_ok(): a block counts when its list may serve the
// request, movable, unmovable and reclaimable always, as well as the reserve (R) of kernels before
// 4.4, CMA only movable requests, highatomic and isolate never.
#pragma once

#include <optional>

#include "diagnose/cause.h"

namespace whyoom::diagnose {

struct Fragmented {
  const memory::ZoneState* zone = nullptr;  // the one with most free pages above its floor
  std::uint64_t blocks = 0;  // usable blocks of the order or higher, over all such zones
  // There are some, but so few that they came free after the check: in each zone no more than
  // drift_allowance() and than 1 % of what it has free, which is more than its high mark.
  bool only_freed_since = false;
  int largest_order = -1;  // of a usable block there; -1 = none at all
  // Kernels before 4.4 also ask that enough is left without the blocks below the order, with a min
  // that is halved for each order. Set when no zone had that.
  bool too_little_in_large_blocks = false;
  Pages left, asked;  // of `zone`, for that, in blocks of `from` or more
  Pages from;

  [[nodiscard]] bool fragmented() const {
    return blocks == 0 || only_freed_since || too_little_in_large_blocks;
  }
};

// Over the eligible zones that are above their floor by more than their slack; when there is none,
// over those that are above it at all. nullopt when no zone is, one of them has no buddy
// line, or none but small blocks in a line without its end.
std::optional<Fragmented> fragmented_zone(const memory::Evidence& evidence);

void add_fragmentation_proof(Finding& finding, const memory::Evidence& evidence,
                             const Fragmented& fragmented);

// None of the zones that the request may use manages a page: no size could be served. So it is in a
// kernel for crash dumps, or where all memory begins above them.
bool has_no_memory(const memory::Evidence& evidence);

}  // namespace whyoom::diagnose
