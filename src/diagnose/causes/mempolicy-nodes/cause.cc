#include "diagnose/claim.h"
#include "diagnose/node_bound.h"

namespace whyoom::diagnose::causes {

namespace {

bool constrained(const Context& context) {
  if (context.evidence.constraint) {
    return *context.evidence.constraint == report::ConstraintKind::mempolicy;
  }
  // Kernels 4.9 to 4.20 print the node mask in the header, which is the cpuset's when there is
  // none.
  const auto& trigger = context.report.trigger;
  return trigger && trigger->nodemask && !trigger->nodemask->starts_with('(') &&
         trigger->nodemask != context.report.mems_allowed;
}

Message who(std::string_view nodes, std::string_view free) {
  return Message("The task is bound to {}, where nothing is left. {} were free on other nodes.",
                 nodes, free);
}

std::optional<Claim> judge(const Context& context) {
  if (!constrained(context)) {
    return std::nullopt;
  }
  auto result = judge_node_bound(context, who);
  if (result && result->role == Role::root) {
    result->remedy(Message("Prefer the node instead of binding to it (numactl --preferred), or "
                           "bind to more nodes"),
                   {ShellCommand("numactl --hardware")});
  }
  return result;
}

}  // namespace

extern const Cause cause_mempolicy_nodes{"mempolicy-nodes", 'A',
                                         "the task is bound to nodes that are full", judge};

}  // namespace whyoom::diagnose::causes
