#include "diagnose/task_pressure.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "threads-max";

ProcessFilter everyone(const TaskLimit& /*limit*/) {
  return [](const host::Process&) { return true; };
}

Message reached(const TaskLimit& limit, const std::string& makers) {
  const std::string filled = filled_text(limit);
  const std::string error = errno_text(limit.error);
  return makers.empty() ? Message(
                              "The host has {} that kernel.threads-max allows: fork and new "
                              "threads fail with {}, also for root. Memory has no part in it.",
                              filled, error)
                        : Message(
                              "The host has {} that kernel.threads-max allows: fork and new "
                              "threads fail with {}, also for root. Memory has no part in it. {}.",
                              filled, error, makers);
}

void complete(const HostContext& /*context*/, const TaskLimit& limit, Finding& finding) {
  Remedy find;
  find.title = Message("Find what makes so many tasks");
  find.commands = {ShellCommand("ps -eLo comm= | sort | uniq -c | sort -n | tail")};
  finding.remedies = {
      find,
      set_remedy(Message("Raise the limit if so many tasks are wanted. Each task takes 16 KiB "
                         "of memory for its kernel stack alone"),
                 "kernel.threads-max", static_cast<std::int64_t>(limit.limit * 2))};
}

std::vector<Claim> check(const HostContext& context) {
  return judge_limits(context, {id, TaskLimit::Kind::threads_max, everyone, reached, complete});
}

}  // namespace

extern const Cause cause_threads_max;
const Cause cause_threads_max{id, 'D', "the kernel's limit on threads is reached (threads-max)",
                              nullptr, check};

}  // namespace whyoom::diagnose::causes
