#include <algorithm>

#include "base/human.h"
#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

// The limit is not for those with CAP_IPC_LOCK, which root's processes have.
bool counts(const host::ProcessLimits& process) {
  return process.uid && *process.uid != 0 && process.locked_memory.soft &&
         *process.locked_memory.soft > 0 && process.locked && process.locked->count() > 0;
}

double filled(const host::ProcessLimits& process) {
  return share(to_bytes(*process.locked), Bytes(*process.locked_memory.soft));
}

std::vector<Claim> check(const HostContext& context) {
  const host::ProcessLimits* fullest = nullptr;
  double most = 0;
  for (const host::ProcessLimits& process : context.facts.host.processes.limits) {
    if (counts(process) && filled(process) >= most) {
      fullest = &process;
      most = filled(process);
    }
  }
  if (fullest == nullptr) {
    return {};
  }
  const Bytes used = to_bytes(fullest->locked.value_or(KiB(0)));
  const Bytes limit(*fullest->locked_memory.soft);
  const bool full = fullness(used.count(), limit.count()) == Fullness::reached;
  const std::string who = process(fullest->comm.view(), fullest->pid);
  Claim result = claim(
      full ? Role::root : Role::ruled_out, Rank::limit, full ? most : 0, 0.9,
      full ? Message("{} has locked {} of {} that its limit (RLIMIT_MEMLOCK, ulimit -l) allows: "
                     "more fails with ENOMEM (\"Cannot allocate memory\") or EAGAIN, "
                     "whatever memory is free.",
                     who, human(used), human(limit))
           : Message("{} has locked {} of {} that it may", who, human(used), human(limit)));
  const auto file = [&](host::ProcessFile kind) {
    return Place{context.sources.add(host::path_of(fullest->pid, kind)), 0};
  };
  result.prove(Message("locked memory of {}", who), used, file(host::ProcessFile::status));
  result.prove(Message("its limit"), limit, file(host::ProcessFile::limits));
  if (full) {
    result.remedy(Message("Raise LimitMEMLOCK= of its unit, or memlock in limits.conf"),
                  {ShellCommand("grep -e VmLck -e VmPin /proc/{}/status", fullest->pid)});
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_memlock_limit{
    "memlock-limit", 'D', "a process may lock no more memory (RLIMIT_MEMLOCK)", nullptr, check};

}  // namespace whyoom::diagnose::causes
