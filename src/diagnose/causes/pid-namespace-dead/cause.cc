#include <algorithm>

#include "base/text.h"
#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

using host::PidNamespaceUser;

Claim dead(const HostContext& context, const PidNamespaceUser& user) {
  const std::string who = process(user.comm.view(), user.pid);
  Claim result = claim(
      Role::root, Rank::limit, 0.5, 0.95,
      Message(
          "Every fork of {} fails with ENOMEM (\"Cannot allocate memory\"): its children belong "
          "into a PID namespace whose first process has ended, and a namespace ends with it. "
          "Others can fork. Memory has no part in it.",
          who));
  const auto link = [&](const char* name) {
    return Place{context.sources.add("/proc/" + std::to_string(user.pid) + "/ns/" + name), 0};
  };
  result.prove(Message("PID namespace of its children, in which no process is"), user.of_children,
               link("pid_for_children"));
  result.prove(Message("its own PID namespace"), user.own, link("pid"));
  result.remedy(
      Message("End it and start it again with --fork, so that the first process of the "
              "namespace is the one that stays"),
      {ShellCommand("ps -o pid,ppid,user,lstart,args -p {}", static_cast<std::uint32_t>(user.pid)),
       ShellCommand("unshare --pid --fork --mount-proc bash")});
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Processes& processes = context.facts.host.processes;
  const auto found =
      std::ranges::find(processes.pid_namespaces, false, &PidNamespaceUser::inhabited);
  // Who is not seen could live there.
  if (!processes.pid_namespaces_whole || found == processes.pid_namespaces.end()) {
    return {};
  }
  return {dead(context, *found)};
}

}  // namespace

extern const Cause cause_pid_namespace_dead{
    "pid-namespace-dead", 'D', "a process makes children in a PID namespace that has ended",
    nullptr, check};

}  // namespace whyoom::diagnose::causes
