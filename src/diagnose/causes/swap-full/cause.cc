#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double full = 0.05;  // free share at or below this

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || !evidence.swap_total || !evidence.swap_free ||
      evidence.swap_total->count() == 0) {
    return std::nullopt;
  }
  const double left = share(*evidence.swap_free, *evidence.swap_total);
  const bool is_full = left <= full;
  Claim result =
      claim(is_full ? Role::contributing : Role::ruled_out, Rank::used_up, 1 - left, 0.97,
            is_full ? Message("Swap was full: {} of {} free.", human(*evidence.swap_free),
                              human(*evidence.swap_total))
                    : Message("{} of {} swap were free", human(*evidence.swap_free),
                              human(*evidence.swap_total)));
  result.prove(Message("swap free"), *evidence.swap_free, context.report.tail.free_swap_kib->at);
  result.prove(Message("swap in all"), *evidence.swap_total,
               context.report.tail.total_swap_kib->at);
  return result;
}

}  // namespace

extern const Cause cause_swap_full{"swap-full", 'B', "swap is full", judge};

}  // namespace whyoom::diagnose::causes
