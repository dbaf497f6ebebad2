#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

Message reached(const TaskLimit& limit, const std::string& makers) {
  const std::string filled = filled_text(limit);
  const std::string error = errno_text(limit.error);
  return Message(
      "The host has {} that kernel.threads-max allows: fork and new "
      "threads fail with {}, also for root. Memory has no part in it.{}",
      filled, error, makers);
}

void complete(const HostContext& /*context*/, const TaskLimit& limit, Finding& finding) {
  finding.remedy(Message("Find what makes so many tasks"),
                 {ShellCommand("ps -eLo comm= | sort | uniq -c | sort -n | tail")});
  finding.remedies.push_back(
      set_remedy(Message("Raise the limit if so many tasks are wanted. Each task takes 16 KiB "
                         "of memory for its kernel stack alone"),
                 "kernel.threads-max", static_cast<std::int64_t>(limit.limit * 2)));
}

std::vector<Claim> check(const HostContext& context) {
  return judge_limits(context, {TaskLimit::Kind::threads_max, nullptr, reached, complete});
}

}  // namespace

extern const Cause cause_threads_max{
    "threads-max", 'D', "the kernel's limit on threads is reached (threads-max)", nullptr, check};

}  // namespace whyoom::diagnose::causes
