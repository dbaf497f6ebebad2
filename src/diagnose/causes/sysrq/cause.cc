#include <algorithm>
#include <tuple>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

void add_remedy(Claim& claim) {
  claim.remedy(Message("Nothing to repair. See who can use SysRq"),
               {ShellCommand("cat /proc/sys/kernel/sysrq")});
}

// The kernel says that it was asked, and kills or panics; the first line of the report is lost.
std::optional<Claim> without_order(const Context& context) {
  const auto& [asked, victims, panic] =
      std::tie(context.report.sysrq_at, context.report.victims, context.report.panic);
  const bool kills = victims.size() == 1;  // it kills once
  // From 4.3 on a panic is never of it (mm/oom_kill.c check_panic_on_oom()).
  const auto& release = context.evidence.release;
  const bool panics = panic && victims.empty() && !(release && release->at_least(4, 3));
  if (!asked || (!kills && !panics)) {
    return std::nullopt;
  }
  const LineNumber end = kills ? victims.front().at.line : panic->at.line;
  Claim result = claim(
      Role::root, Rank::asked_for, 1, 0.9,
      kills ? Message("Somebody asked for it: SysRq-f was used right before the kill, and runs "
                      "the OOM killer whether memory is short or not.")
            : Message("Somebody asked for it: SysRq-f was used right before the panic, and runs "
                      "the OOM killer whether memory is short or not."));
  result.prove(kills ? Message("lines from the request to the kill")
                     : Message("lines from the request to the panic"),
               end - std::min(asked->line, end), *asked);
  weaken(result, Message("the line \"invoked oom-killer\""), Message("its order was not -1"));
  add_remedy(result);
  return result;
}

std::optional<Claim> judge(const Context& context) {
  if (!is_oom(context)) {
    return std::nullopt;
  }
  if (!context.report.trigger || !context.report.trigger->order) {
    return without_order(context);
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
    add_remedy(result);
  }
  return result;
}

}  // namespace

extern const Cause cause_sysrq{"sysrq", 'A', "somebody asked for it with SysRq-f", judge};

}  // namespace whyoom::diagnose::causes
