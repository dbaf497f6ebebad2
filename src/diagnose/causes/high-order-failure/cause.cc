#include <algorithm>
#include <string>

#include "diagnose/blocks.h"
#include "diagnose/share.h"
#include "memory/slub_use.h"

namespace whyoom::diagnose::causes {

namespace {

// Zone DMA may be one in name only, where nothing in the log says that it is more.
bool may_have_no_memory(const memory::Evidence& evidence) {
  return evidence.request.flags_known && evidence.request.highest == kernel::ZoneClass::dma &&
         std::ranges::none_of(evidence.zones, [](const memory::ZoneState& zone) {
           return zone.eligible && (zone.size() + zone.free + zone.min).count() > 0;
         });
}

Message sentence_of(const Context& context, int order, const std::optional<Fragmented>& split) {
  const auto& evidence = context.evidence;
  const std::string size = human(to_bytes(
      Pages(std::uint64_t{1} << static_cast<unsigned>(std::min(order, 30))), evidence.page));
  if (context.report.outcome == report::Outcome::stalled) {  // it only took long
    return Message(
        "A request for {} in one piece (order {}) waited long for memory, and went on trying; "
        "nothing was killed.",
        size, order);
  }
  // That larger ones kill nobody came with PAGE_ALLOC_COSTLY_ORDER (mm/page_alloc.c).
  if (evidence.release && *evidence.release < kernel::Release{2, 6, 24}) {
    return Message("A request for {} in one piece (order {}) failed; nothing was killed.", size,
                   order);
  }
  if (!split || !split->fragmented()) {
    return Message(
        "A request for {} in one piece (order {}) failed. Requests above order 3 never call the "
        "OOM killer: nothing was killed.",
        size, order);
  }
  const std::string free = kb(to_bytes(split->zone->free, evidence.page));
  return split->blocks == 0
             ? Message(
                   "A request for {} in one piece (order {}) failed. Zone {} had {} free, in "
                   "smaller blocks. Requests above order 3 never call the OOM killer: nothing was "
                   "killed.",
                   size, order, split->zone->name, free)
             : Message(
                   "A request for {} in one piece (order {}) failed. Zone {} had {} free, nearly "
                   "all of it in smaller blocks. Requests above order 3 never call the OOM "
                   "killer: nothing was killed.",
                   size, order, split->zone->name, free);
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const int order = evidence.request.order.value_or(0);
  const bool of_cgroup = context.report.slub && !context.report.slub->cgroup.empty();
  if (context.report.kind != report::Kind::page_allocation_failure ||
      order <= kernel::costly_order || (of_cgroup && evidence.zones.empty()) ||
      has_no_memory(evidence)) {
    return std::nullopt;
  }
  const auto split = fragmented_zone(evidence);
  Claim result = claim(Role::root, Rank::out_of_reach, 0.5,
                       !split              ? 0.8
                       : split->blocks > 0 ? 0.9
                                           : 0.95,
                       sentence_of(context, order, split));
  result.prove(Message("order of the request"), order,
               context.report.trigger ? context.report.trigger->at : Place{});
  if (may_have_no_memory(evidence)) {
    leave_open(result, Message("the zones"));
  } else if (!evidence.has_eligible()) {
    weaken(result, Message("the zones"), Message("none of them was above its mark"));
  }
  if (split) {
    add_fragmentation_proof(result, evidence, *split);
  } else if (const auto use = memory::slub_use(evidence); use && use->at_least >= notable_size) {
    leave_open(result, Message("the zones and their free lists"));
  }
  result.remedy(
      Message("None is needed when the caller falls back to smaller pieces, as most do. Else let "
              "it allocate early, or update it"));
  return result;
}

}  // namespace

extern const Cause cause_high_order_failure{
    "high-order-failure", 'D', "a large block was asked for and refused; no OOM", judge};

}  // namespace whyoom::diagnose::causes
