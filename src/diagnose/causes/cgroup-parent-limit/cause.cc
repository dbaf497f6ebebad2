#include <string>

#include "diagnose/cgroup.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || use->level == CgroupUse::Level::unknown) {
    return std::nullopt;
  }
  const bool above = use->level == CgroupUse::Level::ancestor && use->at_limit();
  const std::string limit = human(use->memory->limit.value_or(use->memory->usage));
  const bool sure = above && use->filling_known();
  Claim result = claim(
      sure    ? Role::root
      : above ? Role::contributing
              : Role::ruled_out,
      Rank::limit, 0.5, 0.97,
      above ? Message("The memory limit of {}, above the victim's {}, was reached: {}. All "
                      "cgroups below it count.",
                      use->who, use->task_who, limit)
            : Message("the limit that was reached is not one of a cgroup above the victim's"));
  add_cgroup_proof(result, *use);
  if (above) {
    result.remedies.push_back(raise_limit(*use));
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_parent_limit{
    "cgroup-parent-limit", 'C', "the memory limit of a cgroup above is reached", judge};

}  // namespace whyoom::diagnose::causes
