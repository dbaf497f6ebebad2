#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "sysrq";

std::optional<Claim> judge(const Context& context) {
  if (!is_oom(context) || !context.report.trigger || !context.report.trigger->order) {
    return std::nullopt;
  }
  const int order = *context.report.trigger->order;
  const bool asked = is_sysrq(context.report);
  Claim result = claim(id, asked ? Role::root : Role::ruled_out, Rank::asked_for, 1, 0.99,
                       asked ? Message("Somebody asked for it: SysRq-f runs the OOM killer whether "
                                       "memory is short or not.")
                             : Message("the request has order {}, SysRq-f has -1", order));
  Proof number;
  number.what = Message("order of the request");
  number.value = order;
  number.unit = Unit::count;
  number.at = context.report.trigger->at;
  result.finding.proof.push_back(std::move(number));
  if (asked) {
    if (const auto free = context.evidence.eligible_free()) {
      result.finding.proof.push_back(
          proof(Message("free memory at that moment"), *free, context.evidence.zones.front().at));
    }
    Remedy remedy;
    remedy.title = Message("Nothing to repair. See who can use SysRq");
    remedy.commands = {ShellCommand("cat /proc/sys/kernel/sysrq")};
    result.finding.remedies.push_back(remedy);
  }
  return result;
}

}  // namespace

extern const Cause cause_sysrq;
const Cause cause_sysrq{id, 'A', "somebody asked for it with SysRq-f", judge};

}  // namespace whyoom::diagnose::causes
