#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "no-swap";

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || is_sysrq(context.report) || !evidence.swap_total) {
    return std::nullopt;
  }
  const bool none = evidence.swap_total->count() == 0;
  Claim result =
      claim(id, none ? Role::contributing : Role::ruled_out, Rank::used_up, 0, 0.97,
            none ? Message("There was no swap: memory of processes could not be moved out.")
                 : Message("there were {} of swap", human(*evidence.swap_total)));
  result.finding.proof.push_back(
      proof(Message("swap in all"), *evidence.swap_total, context.report.tail.total_swap_kib->at));
  return result;
}

}  // namespace

extern const Cause cause_no_swap;
const Cause cause_no_swap{id, 'B', "there is no swap", judge};

}  // namespace whyoom::diagnose::causes
