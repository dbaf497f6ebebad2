#include <algorithm>

#include "base/text.h"
#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<std::uint32_t> uid_of(const TaskLimit& limit) {
  Cursor cursor(limit.whose);
  return cursor.take("uid ") ? parse_number<std::uint32_t>(cursor.rest()) : std::nullopt;
}

ProcessFilter of_user(const TaskLimit& limit) {
  return [uid = uid_of(limit)](const host::Process& process) {
    return process.uid == uid && !process.kernel_thread;
  };
}

Message reached(const TaskLimit& limit, const std::string& makers) {
  const std::string filled = filled_text(limit);
  const std::string error = errno_text(limit.error);
  return Message(
      "{} has {} that RLIMIT_NPROC (ulimit -u) allows: fork and new "
      "threads of this user fail with {}; others can fork. Memory has no part in "
      "it.{}",
      limit.whose, filled, error, makers);
}

const host::UserTasks* user_of(const HostContext& context, const TaskLimit& limit) {
  const auto& users = context.facts.host.processes.users;
  const auto found = std::ranges::find_if(
      users, [uid = uid_of(limit)](const host::UserTasks& user) { return user.uid == uid; });
  return found == users.end() ? nullptr : &*found;
}

// The line that gives this user its limit at a login; for a user that /etc/passwd does not name,
// any line with just this number.
const host::NprocLine* line_of(const HostContext& context, const TaskLimit& limit) {
  const auto& lines = context.facts.host.task_limits.nproc;
  const host::UserTasks* user = user_of(context, limit);
  if (user != nullptr && !user->account.name.empty()) {
    return host::deciding_nproc(lines, user->account);
  }
  const host::NprocLine* last = nullptr;
  for (const host::NprocLine& line : lines) {
    if (line.most == limit.limit && line.domain != "root") {
      last = &line;
    }
  }
  return last;
}

void complete(const HostContext& context, const TaskLimit& limit, Finding& finding) {
  finding.remedy(Message("Find what makes so many tasks"),
                 {ShellCommand("ps -L -U {} -o comm= | sort | uniq -c | sort -n | tail",
                               uid_of(limit).value_or(0))});
  const auto* line = line_of(context, limit);
  if (line != nullptr) {
    const std::string whose = printable(line->domain);
    finding.prove(line->most
                      ? Message("nproc ({}) for {}, from the next login on", line->type, whose)
                      : Message("nproc ({}) for {} is unlimited from the next login on: the "
                                "limit that counts now",
                                line->type, whose),
                  line->most.value_or(limit.limit), line->at);
  }
  finding.remedy(
      line != nullptr && line->most == limit.limit
          ? Message("Raise the limit in line {} of {} (it counts from the next login on)",
                    line->at.line, printable(context.sources.name(line->at.source)))
          : Message("Raise the limit: nproc in /etc/security/limits.d for logins, LimitNPROC= in "
                    "the unit of a "
                    "service"),
      {ShellCommand("grep -rs nproc /etc/security/limits.conf /etc/security/limits.d")});
}

std::vector<Claim> check(const HostContext& context) {
  return judge_limits(context, {TaskLimit::Kind::rlimit_nproc, of_user, reached, complete});
}

}  // namespace

extern const Cause cause_rlimit_nproc{
    "rlimit-nproc", 'D', "a user has as many tasks as RLIMIT_NPROC allows", nullptr, check};

}  // namespace whyoom::diagnose::causes
