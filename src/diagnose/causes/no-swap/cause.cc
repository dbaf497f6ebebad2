#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || !evidence.swap_total) {
    return std::nullopt;
  }
  const bool none = evidence.swap_total->count() == 0;
  Claim result =
      claim(none ? Role::contributing : Role::ruled_out, Rank::used_up, 0, 0.97,
            none ? Message("There was no swap: memory of processes could not be moved out.")
                 : Message("there were {} of swap", human(*evidence.swap_total)));
  result.prove(Message("swap in all"), *evidence.swap_total,
               context.report.tail.total_swap_kib->at);
  return result;
}

}  // namespace

extern const Cause cause_no_swap{"no-swap", 'B', "there is no swap", judge};

}  // namespace whyoom::diagnose::causes
