#include "diagnose/cgroup.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_of(context);
  if (!use) {
    return std::nullopt;
  }
  const bool reached = !use->memory || use->at_limit();
  if (use->level == CgroupUse::Level::unknown) {
    if (!reached) {
      return std::nullopt;
    }
    Claim result = claim(Role::root, Rank::limit, 0.4, 0.5,
                         Message("The limit that was reached may be one of a cgroup above."));
    add_cgroup_proof(result, *use);
    grade_limit(result, *use);
    return result;
  }
  const bool above = use->level == CgroupUse::Level::ancestor && reached;
  Claim result = claim(
      above ? Role::root : Role::ruled_out, Rank::limit, 0.5, 0.97,
      above ? limit_sentence(*use)
            : Message("the limit that was reached is not one of a cgroup above the victim's"));
  add_cgroup_proof(result, *use);
  if (above) {
    grade_limit(result, *use);
    result.remedies.push_back(raise_limit(*use));
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_parent_limit{
    "cgroup-parent-limit", 'C', "the memory limit of a cgroup above is reached", judge};

}  // namespace whyoom::diagnose::causes
