#include "base/human.h"
#include "diagnose/process_limit.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr ProcessLimitRule rule{
    .used = &host::ProcessLimits::size,
    .limit = &host::ProcessLimits::address_space,
    .reached =
        [](const std::string& who, Bytes used, Bytes limit) {
          return Message(
              "{} has mapped {} of {} that its limit (RLIMIT_AS, ulimit -v) allows: "
              "more fails with ENOMEM (\"Cannot allocate memory\"), whatever RAM is "
              "free.",
              who, human(used), human(limit));
        },
    .room =
        [](const std::string& who, Bytes used, Bytes limit) {
          return Message("{} has mapped {} of {} that it may", who, human(used), human(limit));
        },
    .what = [](const std::string& who) { return Message("address space of {}", who); },
    .remedy =
        [](std::int64_t pid) {
          return Remedy{Message("Raise LimitAS= of its unit, ulimit -v of its shell, or \"as\" in "
                                "limits.conf; address space is no memory"),
                        {ShellCommand("cat /proc/{}/limits", pid)}};
        },
};

// Of a shell, in the text of somebody who posted its limits beside the memory of the host.
std::vector<Claim> check_shell(const HostContext& context) {
  const auto& shell = context.facts.host.shell;
  const auto& room = context.state.available ? context.state.available : context.state.free;
  if (!shell || !shell->address_space || !room || Bytes(shell->address_space->value) >= *room) {
    return {};
  }
  const Bytes limit(shell->address_space->value);
  Claim result = claim(
      Role::risk, Rank::limit, 1, 0.8,
      Message("What this shell starts may map {} (RLIMIT_AS, ulimit -v), and {} of memory are "
              "there: a process that needs more fails with ENOMEM (\"Cannot allocate memory\").",
              human(limit), human(*room)));
  result.prove(Message("virtual memory (ulimit -v)"), limit, shell->address_space->at);
  result.prove(Message("memory that is there"), *room);
  result.remedy(Message("Raise ulimit -v of the shell, or \"as\" in limits.conf; address space is "
                        "no memory"),
                {ShellCommand("ulimit -Sv unlimited")});
  return {std::move(result)};
}

std::vector<Claim> check(const HostContext& context) {
  auto claims = check_processes(context, rule);
  return claims.empty() ? check_shell(context) : std::move(claims);
}

}  // namespace

extern const Cause cause_rlimit_as{
    "rlimit-as", 'D', "a process may map no more address space (RLIMIT_AS)", nullptr, check};

}  // namespace whyoom::diagnose::causes
