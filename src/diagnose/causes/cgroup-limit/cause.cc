#include "diagnose/cgroup.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// A cgroup's OOM says by itself that a limit was reached: nothing else calls it.
std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_of(context);
  if (!use || use->level == CgroupUse::Level::ancestor) {
    return std::nullopt;
  }
  if (use->memory && !use->memory->full()) {
    Claim result = claim(Role::ruled_out, Rank::limit, 0, 0.9,
                         Message("the cgroup used {}, below its limit", human(use->memory->usage)));
    add_cgroup_proof(result, *use);
    return result;
  }
  Claim result = claim(Role::root, Rank::limit, 0.5, 0.97, limit_sentence(*use));
  add_cgroup_proof(result, *use);
  grade_limit(result, *use);
  result.remedies.push_back(raise_limit(*use));
  const auto& victims = context.report.victims;
  if (!victims.empty() && victims.front().comm == "java") {
    result.remedy(
        Message("A JVM needs more than its heap: leave a quarter of the limit to it "
                "(-XX:MaxRAMPercentage=75, or -Xmx)"));
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_limit{"cgroup-limit", 'C',
                                      "the cgroup's own memory limit is reached", judge};

}  // namespace whyoom::diagnose::causes
