#include <algorithm>

#include "base/human.h"
#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

bool counts(const host::ProcessLimits& process) {
  return process.address_space.soft && *process.address_space.soft > 0 && process.size;
}

double filled(const host::ProcessLimits& process) {
  return share(to_bytes(*process.size), Bytes(*process.address_space.soft));
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
  const Bytes used = to_bytes(fullest->size.value_or(KiB(0)));
  const Bytes limit(*fullest->address_space.soft);
  const bool full = fullness(used.count(), limit.count()) == Fullness::reached;
  const std::string who = process(fullest->comm.view(), fullest->pid);
  Claim result = claim(
      full ? Role::root : Role::ruled_out, Rank::limit, full ? most : 0, 0.9,
      full ? Message("{} has mapped {} of {} that its limit (RLIMIT_AS, ulimit -v) allows: more "
                     "fails with ENOMEM (\"Cannot allocate memory\"), whatever RAM is "
                     "free.",
                     who, human(used), human(limit))
           : Message("{} has mapped {} of {} that it may", who, human(used), human(limit)));
  const auto file = [&](host::ProcessFile kind) {
    return Place{context.sources.add(host::path_of(fullest->pid, kind)), 0};
  };
  result.prove(Message("address space of {}", who), used, file(host::ProcessFile::status));
  result.prove(Message("its limit"), limit, file(host::ProcessFile::limits));
  if (full) {
    result.remedy(
        Message("Raise LimitAS= of its unit, ulimit -v of its shell, or \"as\" in limits.conf; "
                "address space is no memory"),
        {ShellCommand("cat /proc/{}/limits", fullest->pid)});
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_rlimit_as{
    "rlimit-as", 'D', "a process may map no more address space (RLIMIT_AS)", nullptr, check};

}  // namespace whyoom::diagnose::causes
