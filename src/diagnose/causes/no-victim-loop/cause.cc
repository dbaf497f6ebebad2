#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  if (!is_memcg_oom(context) || context.report.outcome != report::Outcome::no_victim) {
    return std::nullopt;
  }
  Claim result = claim(Role::consequence, Rank::asked_for, 0, 0.95,
                       Message("No task of the cgroup may be killed (oom_score_adj -1000), so "
                               "nothing was: the kernel reports this "
                               "again and again and kills nothing."));
  result.prove(Message("reports of this story so far"), std::uint64_t{context.story.number},
               {0, context.story.first_line});
  if (context.report.no_killable_at) {
    result.prove(Message("\"no killable processes\""), std::uint64_t{1},
                 *context.report.no_killable_at);
  }
  result.remedy(
      Message("Raise oom_score_adj of a task in the cgroup above -1000, or raise its limit"));
  return result;
}

}  // namespace

extern const Cause cause_no_victim_loop{"no-victim-loop", 'E',
                                        "a cgroup without a task that may be killed", judge};

}  // namespace whyoom::diagnose::causes
