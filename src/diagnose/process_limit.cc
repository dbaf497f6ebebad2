#include "diagnose/process_limit.h"

#include "diagnose/task_pressure.h"

namespace whyoom::diagnose {

std::vector<Claim> check_processes(const HostContext& context, const ProcessLimitRule& rule) {
  const host::ProcessLimits* fullest = nullptr;
  Bytes used, limit;
  for (const host::ProcessLimits& process : context.facts.host.processes.limits) {
    const auto its_kib = process.*rule.used;
    const Bytes its_limit((process.*rule.limit).value_or(0));
    const bool exempt = rule.root_is_exempt && process.uid.value_or(0) == 0;
    if (!its_kib || *its_kib == KiB(0) || its_limit == Bytes(0) || exempt) {
      continue;
    }
    const Bytes its_used = to_bytes(*its_kib);
    if (fullest == nullptr || share(its_used, its_limit) >= share(used, limit)) {
      fullest = &process;
      used = its_used;
      limit = its_limit;
    }
  }
  if (fullest == nullptr) {
    return {};
  }
  const bool full = fullness(used.count(), limit.count()) == Fullness::reached;
  const std::string who = process(fullest->comm.view(), fullest->pid);
  Claim result =
      claim(full ? Role::root : Role::ruled_out, Rank::limit, full ? share(used, limit) : 0, 0.9,
            (full ? rule.reached : rule.room)(who, used, limit));
  const auto file = [&](host::ProcessFile kind) {
    return Place{context.sources.add(host::path_of(fullest->pid, kind)), 0};
  };
  result.prove(rule.what(who), used, file(host::ProcessFile::status));
  result.prove(Message("its limit"), limit, file(host::ProcessFile::limits));
  if (full) {
    result.remedies.push_back(rule.remedy(fullest->pid));
  }
  return {std::move(result)};
}

}  // namespace whyoom::diagnose
