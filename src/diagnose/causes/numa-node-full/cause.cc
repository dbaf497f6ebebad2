#include <map>
#include <string>

#include "base/language.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// Free above the high marks of the other nodes, as a share of RAM.
constexpr double worth_having = 0.05;

struct NodeUse {
  bool is_short = true;   // each of its zones that the request may use
  bool is_spare = false;  // one of them is above its high mark
  Bytes free;
  const memory::ZoneState* fullest = nullptr;
};

// The report does not name the node. A request for one node fails when that node is short; with a
// node that is short and others with memory to spare there is no other explanation.
std::map<int, NodeUse> nodes_of(const memory::Evidence& evidence) {
  std::map<int, NodeUse> nodes;
  for (const auto& zone : evidence.zones) {
    if (!zone.eligible) {
      continue;
    }
    NodeUse& node = nodes[zone.node];
    node.is_short = node.is_short && zone.is_short();
    node.is_spare = node.is_spare || zone.usable() > zone.high + zone.boost + zone.reserve;
    node.free += to_bytes(zone.usable(), evidence.page);
    if (node.fullest == nullptr ||
        zone.managed.value_or(Pages(0)) > node.fullest->managed.value_or(Pages(0))) {
      node.fullest = &zone;
    }
  }
  return nodes;
}

bool may_be(const Context& context) {
  const auto& report = context.report;
  const auto& evidence = context.evidence;
  const int order = evidence.request.order.value_or(-1);
  // Of a costly order a block is missing before a node is full.
  const bool failure = report.kind == report::Kind::page_allocation_failure;
  return (failure || is_global_oom(context)) && !is_bound(evidence) && order >= 0 &&
         order <= kernel::costly_order && evidence.request.flags_known && evidence.zones_complete &&
         evidence.request.flags.has(kernel::GfpFlag::thisnode);
}

std::optional<Claim> judge(const Context& context) {
  if (!may_be(context)) {
    return std::nullopt;
  }
  const auto& evidence = context.evidence;
  const auto nodes = nodes_of(evidence);
  Bytes spare;
  std::string full;
  for (const auto& [number, node] : nodes) {
    if (node.is_short) {
      full += (full.empty() ? "" : tr(" or ")) + std::to_string(number);
    } else if (node.is_spare) {
      spare += node.free;
    }
  }
  if (nodes.empty() || !evidence.ram) {
    return std::nullopt;
  }
  const double part = share(spare, *evidence.ram);
  const bool found = !full.empty() && part >= worth_having;
  Claim result =
      claim(found ? Role::root : Role::ruled_out, Rank::limit, part, 0.9,
            found ? Message("The request wanted memory of one node and no other (__GFP_THISNODE). "
                            "Node {} was short, {} were free on other nodes.",
                            full, human(spare))
            : full.empty() ? Message("the request wanted memory of one node, and no node was short")
                           : Message("the other nodes had only {} to spare", human(spare)));
  for (const auto& [number, node] : nodes) {
    const std::string name = std::to_string(number);
    result.prove(
        Message("node {} zone {}: free and usable by this request", name, node.fullest->name),
        to_bytes(node.fullest->usable(), evidence.page), node.fullest->at);
    result.prove(Message("node {} zone {}: must stay above this", name, node.fullest->name),
                 to_bytes(node.fullest->floor, evidence.page), node.fullest->at);
  }
  if (found) {
    result.remedy(Message("Let the load spread over the nodes (numactl --interleave), or move what "
                          "fills the node"),
                  {ShellCommand("numactl --hardware"), ShellCommand("numastat -m")});
  }
  return result;
}

}  // namespace

extern const Cause cause_numa_node_full{
    "numa-node-full", 'A', "only one node may serve the request, and it is full", judge};

}  // namespace whyoom::diagnose::causes
