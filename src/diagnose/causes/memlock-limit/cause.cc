#include "base/human.h"
#include "diagnose/process_limit.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr ProcessLimitRule rule{
    // The limit is not for those with CAP_IPC_LOCK, which root's processes have.
    .used = [](const host::ProcessLimits& process) -> std::optional<Bytes> {
      const bool counts =
          process.uid && *process.uid != 0 && process.locked && process.locked->count() > 0;
      return counts ? std::optional(to_bytes(*process.locked)) : std::nullopt;
    },
    .limit = [](const host::ProcessLimits& process) -> std::optional<Bytes> {
      const auto& soft = process.locked_memory.soft;
      return soft ? std::optional(Bytes(*soft)) : std::nullopt;
    },
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
