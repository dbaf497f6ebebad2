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

Remedy raise_limit() {
  return {Message("Raise the limit: nproc in /etc/security/limits.d for logins, LimitNPROC= in the "
                  "unit of a service"),
          {ShellCommand("grep -rs nproc /etc/security/limits.conf /etc/security/limits.d")}};
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
  Remedy raise = raise_limit();
  if (line != nullptr && line->most == limit.limit) {
    raise.title = Message("Raise the limit in line {} of {} (it counts from the next login on)",
                          line->at.line, printable(context.sources.name(line->at.source)));
  }
  finding.remedies.push_back(std::move(raise));
}

// Of a shell whose fork was refused, in the text of somebody who posted both. How many tasks its
// user has is not in it; but a login and one pipeline are about as many as so low a limit.
std::vector<Claim> check_shell(const HostContext& context) {
  const auto& shell = context.facts.host.shell;
  if (!shell || !shell->tasks || !shell->refused || shell->of_root ||
      shell->tasks->value >= smallest_shared_limit) {
    return {};
  }
  Claim result = claim(
      Role::root, Rank::limit, 1, 0.8,
      Message(
          "The shell's RLIMIT_NPROC (ulimit -u) allows its user {}, and a fork was refused with "
          "{}: a login and one pipeline take as many. Memory has no part in it.",
          plural(shell->tasks->value, "task", "tasks"), errno_text("EAGAIN")));
  result.prove(Message("max user processes (ulimit -u)"), shell->tasks);
  result.prove(Message("a fork that was refused"), shell->refused);
  result.remedies.push_back(raise_limit());
  return {std::move(result)};
}

std::vector<Claim> check(const HostContext& context) {
  if (auto claims = check_shell(context); !claims.empty()) {
    return claims;
  }
  return judge_limits(context, {TaskLimit::Kind::rlimit_nproc, of_user, reached, complete});
}

}  // namespace

extern const Cause cause_rlimit_nproc{
    "rlimit-nproc", 'D', "a user has as many tasks as RLIMIT_NPROC allows", nullptr, check};

}  // namespace whyoom::diagnose::causes
