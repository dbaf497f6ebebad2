#include "base/human.h"
#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

Message reached(const TaskLimit& limit, const std::string& makers) {
  const std::string filled = filled_text(limit);
  const std::string error = errno_text(limit.error);
  return Message(
      "The host has {} that kernel.pid_max allows: fork and new "
      "threads fail with {}. Memory has no part in it.{}",
      filled, error, makers);
}

void complete(const HostContext& context, const TaskLimit& limit, Finding& finding) {
  finding.remedy(Message("Find what makes so many tasks"),
                 {ShellCommand("ps -eLo comm= | sort | uniq -c | sort -n | tail")});
  Remedy raise = set_remedy(
      Message("Raise the limit (at most 4194304 on a 64-bit kernel) if so many tasks are wanted"),
      "kernel.pid_max", 4194304);
  const auto& threads = context.facts.host.settings.threads_max;
  if (threads && threads->value > 0 &&
      static_cast<std::uint64_t>(threads->value) < limit.limit * 2) {
    raise.title = Message(
        "Raise the limit (at most 4194304 on a 64-bit kernel) if so many tasks are wanted; "
        "kernel.threads-max is {} and comes next",
        grouped(static_cast<std::uint64_t>(threads->value)));
  }
  finding.remedies.push_back(std::move(raise));
}

std::vector<Claim> check(const HostContext& context) {
  return judge_limits(context, {TaskLimit::Kind::pid_max, nullptr, reached, complete});
}

}  // namespace

extern const Cause cause_pid_max{"pid-max", 'D', "every process id is taken (kernel.pid_max)",
                                 nullptr, check};

}  // namespace whyoom::diagnose::causes
