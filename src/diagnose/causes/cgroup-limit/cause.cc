#include <string>

#include "diagnose/cgroup.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || use->level == CgroupUse::Level::ancestor) {
    return std::nullopt;
  }
  if (!use->at_limit()) {
    Claim result = claim(Role::ruled_out, Rank::limit, 0, 0.9,
                         Message("the cgroup used {}, below its limit", human(use->memory->usage)));
    add_cgroup_proof(result, *use);
    return result;
  }
  // Without the line that names both cgroups, or without what fills this one, another cause may be
  // the better answer: then this only has its part in it.
  const bool sure = use->level == CgroupUse::Level::own && use->filling_known();
  const std::string filled = filling(*use);
  const std::string limit = human(use->memory->limit.value_or(use->memory->usage));
  Claim result =
      claim(sure ? Role::root : Role::contributing, Rank::limit, 0.5, 0.97,
            filled.empty() ? Message("The memory limit of {} was reached: {}.", use->who, limit)
                           : Message("The memory limit of {} was reached: {}. It held {}.",
                                     use->who, limit, filled));
  add_cgroup_proof(result, *use);
  result.remedies.push_back(raise_limit(*use));
  return result;
}

}  // namespace

extern const Cause cause_cgroup_limit{"cgroup-limit", 'C',
                                      "the cgroup's own memory limit is reached", judge};

}  // namespace whyoom::diagnose::causes
