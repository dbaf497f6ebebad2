#include "diagnose/node_bound.h"

#include <algorithm>
#include <array>

#include "diagnose/claim.h"
#include "memory/zones.h"

namespace whyoom::diagnose {

namespace {

// Free on the other nodes, as a share of RAM. Below this the machine is as full as the node.
constexpr double worth_having = 0.03;

std::optional<Bytes> free_on_other_nodes(const Context& context) {
  const auto& evidence = context.evidence;
  const auto total = counted_free(evidence);
  const auto allowed = memory::allowed_nodes(context.report);
  if (!total || !allowed) {
    return std::nullopt;
  }
  // A zone of the allowed nodes that is not printed would count as one of other nodes.
  const auto& above = context.report.tail.highmem_movable;
  const bool above_printed = std::ranges::any_of(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.zone >= kernel::ZoneClass::highmem;
  });
  if (above && above->value > 0 && !above_printed) {
    return std::nullopt;
  }
  Pages own;
  for (const auto& zone : evidence.zones) {
    if (allowed->contains(zone.node)) {
      own += zone.free;
    }
  }
  return *total - to_bytes(own, evidence.page);
}

void add_zones(Finding& finding, const memory::Evidence& evidence) {
  for (const auto& zone : evidence.zones) {
    if (!zone.eligible) {
      continue;
    }
    const std::string node = std::to_string(zone.node);
    finding.prove(Message("node {} zone {}: free and usable by this request", node, zone.name),
                  to_bytes(zone.usable(), evidence.page), zone.at);
    finding.prove(Message("node {} zone {}: must stay above this", node, zone.name),
                  to_bytes(zone.floor, evidence.page), zone.at);
  }
}

// What lies on the lists of a node lies in its zones: no zone that holds memory is missing.
bool shows_all_zones(const report::Report& report, const report::Node& node) {
  using kernel::Field;
  constexpr std::array lists{Field::active_anon, Field::inactive_anon, Field::active_file,
                             Field::inactive_file, Field::unevictable};
  return std::ranges::all_of(lists, [&](Field list) {
    const auto& of_node = node.fields.get(list);
    std::uint64_t of_zones = 0;
    for (const report::Zone& zone : report.zones) {
      const auto& part = zone.fields.get(list);
      of_zones += zone.node == node.id && part ? part->value : 0;
    }
    return of_node && of_node->value <= of_zones;
  });
}

// It has blocks of the largest order for which the kernel kills, far above its marks.
bool serves_any_that_kills(const memory::ZoneState& zone) {
  return zone.reserve_known && zone.usable() > (zone.high + zone.boost + zone.reserve) * 2 &&
         std::ranges::any_of(zone.printed->buddy, [](const report::BuddyBlock& block) {
           return block.order >= kernel::costly_order && block.count > 0;
         });
}

// The nodes have ZONE_MOVABLE alone, and the request needs memory that stays where it is: no zone
// of its zonelist is left, whatever is free.
std::optional<Claim> judge_movable_nodes(const Context& context) {
  const auto& evidence = context.evidence;
  const auto allowed = memory::allowed_nodes(context.report);
  const bool known = evidence.request.flags_known;
  if (!is_oom(context) || is_sysrq(context.report) || !allowed ||
      (known &&
       (evidence.request.highest >= kernel::ZoneClass::movable || evidence.has_eligible()))) {
    return std::nullopt;
  }
  Pages free;
  const memory::ZoneState* largest = nullptr;
  for (const memory::ZoneState& zone : evidence.zones) {
    if (!allowed->contains(zone.node)) {
      continue;
    }
    if (zone.zone != kernel::ZoneClass::movable) {
      return std::nullopt;
    }
    free += zone.free;
    largest = largest == nullptr || zone.free > largest->free ? &zone : largest;
  }
  // A request of which the first line is lost would have passed, had it been for such memory.
  if (largest == nullptr || (!known && !serves_any_that_kills(*largest))) {
    return std::nullopt;
  }
  Claim result = claim(
      Role::root, Rank::limit, 1, 0.97,
      Message("All memory of {} lies in ZONE_MOVABLE ({} free), and this task may use no other "
              "node. The request needs memory that stays where it is: no zone could serve it, and "
              "no kill helps.",
              nodes_text(context.report), human(to_bytes(free, evidence.page))));
  result.prove(Message("free in ZONE_MOVABLE"), to_bytes(largest->free, evidence.page),
               largest->at);
  const bool whole = std::ranges::all_of(*allowed, [&](int id) {
    const auto node = std::ranges::find(context.report.nodes, id, &report::Node::id);
    return node != context.report.nodes.end() && shows_all_zones(context.report, *node);
  });
  if (!known) {
    leave_open(result, Message("the first line (\"invoked oom-killer\")"));
  }
  if (!whole) {
    result.confidence = 0.75;
    weaken(result, Message("the zones of these nodes"), Message("one of another kind is missing"));
  }
  return result;
}

}  // namespace

std::optional<Claim> judge_node_bound(const Context& context,
                                      Message (*who)(std::string_view nodes,
                                                     std::string_view free)) {
  const auto& evidence = context.evidence;
  if (auto movable = judge_movable_nodes(context)) {
    return movable;
  }
  const auto elsewhere = free_on_other_nodes(context);
  if (!is_oom(context) || is_sysrq(context.report) || !elsewhere || !evidence.ram ||
      !evidence.all_eligible_at_high()) {
    return std::nullopt;
  }
  const double gain = share(*elsewhere, *evidence.ram);
  const bool decisive = gain >= worth_having;
  const std::string free = human(*elsewhere);
  Claim result =
      claim(decisive ? Role::root : Role::ruled_out, Rank::limit, gain, 0.97,
            decisive ? who(nodes_text(context.report), free)
                     : Message("other nodes, if there are any, had no more than {} free", free));
  add_zones(result, evidence);
  result.prove(Message("free on nodes that it may not use"), *elsewhere,
               context.report.totals.get(kernel::Field::free)->at);
  return result;
}

}  // namespace whyoom::diagnose
