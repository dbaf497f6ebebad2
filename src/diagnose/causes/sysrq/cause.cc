#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  if (!is_oom(context) || !context.report.trigger || !context.report.trigger->order) {
    return std::nullopt;
  }
  const int order = *context.report.trigger->order;
  const bool asked = is_sysrq(context.report);
  Claim result = claim(asked ? Role::root : Role::ruled_out, Rank::asked_for, 1, 0.99,
                       asked ? Message("Somebody asked for it: SysRq-f runs the OOM killer whether "
                                       "memory is short or not.")
                             : Message("the request has order {}, SysRq-f has -1", order));
  result.prove(Message("order of the request"), order, context.report.trigger->at);
  if (asked) {
    if (const auto free = context.evidence.eligible_free()) {
      result.prove(Message("free memory at that moment"), *free, context.evidence.zones.front().at);
    }
    result.remedy(Message("Nothing to repair. See who can use SysRq"),
                  {ShellCommand("cat /proc/sys/kernel/sysrq")});
  }
  return result;
}

}  // namespace

extern const Cause cause_sysrq{"sysrq", 'A', "somebody asked for it with SysRq-f", judge};

}  // namespace whyoom::diagnose::causes
