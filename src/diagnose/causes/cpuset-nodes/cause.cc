#include "diagnose/claim.h"
#include "diagnose/node_bound.h"

namespace whyoom::diagnose::causes {

namespace {

bool constrained(const Context& context) {
  // Kernels before 5.0 print the nodes of the cpuset, not the constraint.
  return context.evidence.constraint
             ? *context.evidence.constraint == report::ConstraintKind::cpuset
             : context.report.mems_allowed.has_value();
}

Message who(std::string_view nodes, std::string_view free) {
  return Message(
      "The task's cpuset allows only {}, where nothing is left. {} were free on other nodes.",
      nodes, free);
}

std::optional<Claim> judge(const Context& context) {
  if (!constrained(context)) {
    return std::nullopt;
  }
  auto result = judge_node_bound(context, who);
  if (result && result->role == Role::root) {
    result->remedy(
        Message("Allow more nodes to the cpuset (cpuset.mems), or run less in it"),
        {ShellCommand("grep -H . /sys/fs/cgroup/*/cpuset.mems /sys/fs/cgroup/*/*/cpuset.mems")});
  }
  return result;
}

}  // namespace

extern const Cause cause_cpuset_nodes{"cpuset-nodes", 'A',
                                      "the task's cpuset allows only nodes that are full", judge};

}  // namespace whyoom::diagnose::causes
