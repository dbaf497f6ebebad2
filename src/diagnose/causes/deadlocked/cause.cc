#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

using Reason = report::Panic::Reason;

std::optional<Claim> judge(const Context& context) {
  const auto& panic = context.report.panic;
  if (!panic || (panic->reason != Reason::deadlocked && panic->reason != Reason::no_killable)) {
    return std::nullopt;
  }
  const std::size_t tasks = context.report.tasks.size();
  Claim result = claim(
      Role::consequence, Rank::asked_for, 0, 0.99,
      context.report.task_table_at
          ? Message(
                "The kernel found no process that it may kill ({} in the task table) and panicked.",
                plural(tasks, "process", "processes"))
          : Message("The kernel found no process that it may kill and panicked."));
  result.prove(Message("the panic"), std::uint64_t{1}, panic->at);
  if (context.report.task_table_at) {
    result.prove(Message("processes in the task table"), std::uint64_t{tasks},
                 *context.report.task_table_at);
  }
  return result;
}

}  // namespace

extern const Cause cause_deadlocked{"deadlocked", 'E',
                                    "no process was left to kill, and the kernel panicked", judge};

}  // namespace whyoom::diagnose::causes
