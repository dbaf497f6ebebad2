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

}  // namespace

extern const Cause cause_rlimit_as{
    "rlimit-as", 'D', "a process may map no more address space (RLIMIT_AS)", nullptr,
    [](const HostContext& context) { return check_processes(context, rule); }};

}  // namespace whyoom::diagnose::causes
