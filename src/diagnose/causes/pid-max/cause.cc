#include "base/human.h"
#include "diagnose/task_pressure.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "pid-max";

ProcessFilter everyone(const TaskLimit& /*limit*/) {
  return [](const host::Process&) { return true; };
}

Message reached(const TaskLimit& limit, const std::string& makers) {
  const std::string filled = filled_text(limit);
  const std::string error = errno_text(limit.error);
  return makers.empty() ? Message(
                              "The host has {} that kernel.pid_max allows: fork and new "
                              "threads fail with {}. Memory has no part in it.",
                              filled, error)
                        : Message(
                              "The host has {} that kernel.pid_max allows: fork and new "
                              "threads fail with {}. Memory has no part in it. {}.",
                              filled, error, makers);
}

void complete(const HostContext& context, const TaskLimit& limit, Finding& finding) {
  Remedy find;
  find.title = Message("Find what makes so many tasks");
  find.commands = {ShellCommand("ps -eLo comm= | sort | uniq -c | sort -n | tail")};
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
  finding.remedies = {find, raise};
}

std::vector<Claim> check(const HostContext& context) {
  return judge_limits(context, {id, TaskLimit::Kind::pid_max, everyone, reached, complete});
}

}  // namespace

extern const Cause cause_pid_max;
const Cause cause_pid_max{id, 'D', "every process id is taken (kernel.pid_max)", nullptr, check};

}  // namespace whyoom::diagnose::causes
