#include <algorithm>

#include "base/text.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto& victims = context.report.victims;
  const auto victim = std::ranges::find_if(victims, &report::Victim::allocating_task);
  if (!is_oom(context) || victim == victims.end()) {
    return std::nullopt;
  }
  const Bytes lost = to_bytes(victim->resident());
  const auto& biggest = context.evidence.attribution.biggest;
  const bool other = biggest && biggest->task->pid != victim->pid && biggest->memory() > lost;
  // To 5.2 a child of the one that asked may die in its place.
  const auto& trigger = context.report.trigger;
  const bool child = trigger && !trigger->comm.empty() && trigger->comm != victim->comm;
  const std::string who = process(victim->comm, victim->pid);
  Claim result = claim(
      Role::contributing, Rank::used_up, 0, 0.97,
      child
          ? Message("vm.oom_kill_allocating_task is on: for a request by {} the kernel killed {}.",
                    printable(trigger->comm), who)
      : other
          ? Message("vm.oom_kill_allocating_task is on: the kernel killed {}, which asked, and not "
                    "{}, which held {}.",
                    who, process(biggest->task->comm, biggest->task->pid), human(biggest->memory()))
          : Message("vm.oom_kill_allocating_task is on: the kernel killed {} because it asked.",
                    who));
  result.prove(Message("memory of {}", process(victim->comm, victim->pid)), lost, victim->at);
  if (other) {
    result.prove(Message("memory of {}", process(biggest->task->comm, biggest->task->pid)),
                 biggest->memory(), {0, biggest->task->line});
  }
  result.remedies.push_back(set_remedy(Message("Let the kernel choose the biggest process"),
                                       "vm.oom_kill_allocating_task", 0));
  return result;
}

}  // namespace

extern const Cause cause_allocating_task_killed{
    "allocating-task-killed", 'B', "vm.oom_kill_allocating_task killed the one that asked", judge};

}  // namespace whyoom::diagnose::causes
