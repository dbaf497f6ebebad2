#include "diagnose/node_bound.h"

#include <algorithm>

#include "diagnose/claim.h"
#include "memory/zones.h"

namespace whyoom::diagnose {

namespace {

// Free on the other nodes, as a share of RAM. Below this the machine is as full as the node.
constexpr double worth_having = 0.03;

std::optional<Bytes> free_on_other_nodes(const Context& context) {
  const auto& evidence = context.evidence;
  const auto& total = context.report.totals.get(kernel::Field::free);
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
  return to_bytes(Pages(total->value) - own, evidence.page);
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

}  // namespace

std::optional<Claim> judge_node_bound(const Context& context,
                                      Message (*who)(std::string_view nodes,
                                                     std::string_view free)) {
  const auto& evidence = context.evidence;
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
