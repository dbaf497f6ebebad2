#include "diagnose/blocks.h"

#include <algorithm>

#include "diagnose/claim.h"
#include "memory/machine.h"
#include "memory/zones.h"

namespace whyoom::diagnose {

namespace {

struct OldCheck {
  bool passes = true;
  Pages left, asked;
  Pages from{1};  // the size of the blocks that were left
};

// mm/page_alloc.c __zone_watermark_ok() of 2.6.32 to 4.3.
OldCheck old_check(const memory::ZoneState& zone, int order) {
  OldCheck check{true, zone.usable(), zone.floor - zone.reserve};  // less for who may not wait
  for (const auto& block : zone.printed->buddy) {
    if (block.order >= order || block.order > 30) {
      continue;
    }
    const std::uint64_t size = std::uint64_t{1} << static_cast<unsigned>(block.order);
    check.left -= Pages(block.count) * size;
    check.asked = check.asked / 2;
    check.from = Pages(size * 2);
    if (check.left <= check.asked) {
      check.passes = false;
      return check;
    }
  }
  return check;
}

// Pages in the blocks that could serve the request.
Pages count_blocks(const memory::ZoneState& zone, const memory::Request& request,
                   Fragmented& result) {
  Pages in_blocks;
  for (const auto& block : zone.printed->buddy) {
    if (block.count == 0 || block.order > 30 || !memory::may_serve(block, request)) {
      continue;
    }
    result.largest_order = std::max(result.largest_order, block.order);
    if (block.order >= *request.order) {
      result.blocks += block.count;
      in_blocks += Pages(block.count) * (std::uint64_t{1} << static_cast<unsigned>(block.order));
    }
  }
  return in_blocks;
}

// Blocks that came free after the kernel had looked. Up to the high mark, which the last attempt
// asks for, the zone can have been refused for its free pages as well.
bool too_few(const memory::ZoneState& zone, Pages in_blocks, PageSize page) {
  return in_blocks <= memory::drift_allowance(zone.managed.value_or(Pages(0)), page) &&
         in_blocks <= zone.usable() / 100 &&
         zone.usable() > zone.high + zone.boost + zone.reserve + zone.slack;
}

// Before 4.4. Without a release: before 3.8 (commit 377e4f167636) no block has the letters of its
// kinds.
bool asks_each_order(const memory::Evidence& evidence) {
  const auto has_no_kind = [](const report::BuddyBlock& block) {
    return block.count > 0 && block.types.empty();
  };
  return evidence.release ? !evidence.release->at_least(4, 4)
                          : std::ranges::any_of(evidence.zones, [&](const auto& zone) {
                              return std::ranges::any_of(zone.printed->buddy, has_no_kind);
                            });
}

}  // namespace

std::optional<Fragmented> fragmented_zone(const memory::Evidence& evidence) {
  if (!evidence.request.order || *evidence.request.order < 1) {
    return std::nullopt;
  }
  const bool any_clear = std::ranges::any_of(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.eligible && !zone.is_short();
  });
  Fragmented result;
  result.too_little_in_large_blocks = asks_each_order(evidence);
  result.only_freed_since = true;
  bool whole = true;
  for (const auto& zone : evidence.zones) {
    if (!zone.eligible || (any_clear ? zone.is_short() : !zone.passes())) {
      continue;
    }
    if (zone.printed->buddy.empty()) {
      return std::nullopt;
    }
    whole = whole && zone.printed->buddy_total_kib;
    const OldCheck check = old_check(zone, *evidence.request.order);
    if (result.zone == nullptr || zone.usable() > result.zone->usable()) {
      result.zone = &zone;
      // The kernel takes all pages of the block but one away from what is free.
      const Pages others((std::uint64_t{1} << static_cast<unsigned>(*evidence.request.order)) - 1);
      result.left = check.left + others;
      result.asked = check.asked + others;
      result.from = check.from;
    }
    result.too_little_in_large_blocks = result.too_little_in_large_blocks && !check.passes;
    const Pages in_blocks = count_blocks(zone, evidence.request, result);
    result.only_freed_since = result.only_freed_since && too_few(zone, in_blocks, evidence.page);
  }
  result.only_freed_since = result.only_freed_since && result.blocks > 0;
  if (!whole && (result.blocks == 0 || result.only_freed_since)) {
    return std::nullopt;  // the large blocks stand at the end of the line
  }
  return result.zone == nullptr ? std::nullopt : std::optional(result);
}

void add_fragmentation_proof(Finding& finding, const memory::Evidence& evidence,
                             const Fragmented& fragmented) {
  const auto& zone = *fragmented.zone;
  prove_zone(finding, evidence, zone);
  finding.prove(Message("usable blocks of order {} or more", *evidence.request.order),
                fragmented.blocks,
                zone.printed->buddy_total_kib ? zone.printed->buddy_total_kib->at : zone.at);
  if (fragmented.too_little_in_large_blocks) {
    finding.prove(Message("zone {}: free in larger blocks", zone.name),
                  to_bytes(fragmented.left, evidence.page), zone.at);
    finding.prove(Message("zone {}: must stay above this in larger blocks", zone.name),
                  to_bytes(fragmented.asked, evidence.page), zone.at);
  }
  if (fragmented.largest_order >= 0) {
    finding.prove(Message("largest usable block"),
                  to_bytes(Pages(std::uint64_t{1}
                                 << static_cast<unsigned>(std::min(fragmented.largest_order, 30))),
                           evidence.page),
                  zone.printed->buddy_total_kib ? zone.printed->buddy_total_kib->at : zone.at);
  }
}

bool has_no_memory(const memory::Evidence& evidence) {
  return evidence.has_eligible() &&
         std::ranges::all_of(evidence.zones, [](const memory::ZoneState& zone) {
           return !zone.eligible || zone.managed == Pages(0);
         });
}

}  // namespace whyoom::diagnose
