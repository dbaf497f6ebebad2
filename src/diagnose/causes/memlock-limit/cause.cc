#include "base/human.h"
#include "diagnose/process_limit.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr ProcessLimitRule rule{
    .used = &host::ProcessLimits::locked,
    .limit = &host::ProcessLimits::locked_memory,
    .root_is_exempt = true,  // who has CAP_IPC_LOCK, as its processes do
    .reached =
        [](const std::string& who, Bytes used, Bytes limit) {
          return Message(
              "{} has locked {} of {} that its limit (RLIMIT_MEMLOCK, ulimit -l) "
              "allows: more fails with ENOMEM (\"Cannot allocate memory\") or EAGAIN, "
              "whatever memory is free.",
              who, human(used), human(limit));
        },
    .room =
        [](const std::string& who, Bytes used, Bytes limit) {
          return Message("{} has locked {} of {} that it may", who, human(used), human(limit));
        },
    .what = [](const std::string& who) { return Message("locked memory of {}", who); },
    .remedy =
        [](std::int64_t pid) {
          return Remedy{Message("Raise LimitMEMLOCK= of its unit, or memlock in limits.conf"),
                        {ShellCommand("grep -e VmLck -e VmPin /proc/{}/status", pid)}};
        },
};

}  // namespace

extern const Cause cause_memlock_limit{
    "memlock-limit", 'D', "a process may lock no more memory (RLIMIT_MEMLOCK)", nullptr,
    [](const HostContext& context) { return check_processes(context, rule); }};

}  // namespace whyoom::diagnose::causes
