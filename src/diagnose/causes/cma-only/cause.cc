#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// Of the memory that the request may use. With less than this to win, memory was used up, and CMA
// only brought the end forward.
constexpr double big_share = 0.05;

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_oom(context) || is_memcg_oom(context) || is_sysrq(context.report) ||
      !evidence.request.flags_known || evidence.request.may_use_cma || !evidence.has_eligible()) {
    return std::nullopt;
  }
  const memory::ZoneState* held = nullptr;
  Bytes cma;
  for (const auto& zone : evidence.zones) {
    const auto& printed = zone.printed->fields.get(kernel::Field::free_cma);
    if (zone.eligible && printed && printed->value > 0) {
      cma = to_bytes(KiB(printed->value));
      if (zone.is_short() &&
          zone.usable() + to_pages(cma, evidence.page) > zone.floor + zone.slack) {
        held = &zone;
        break;
      }
    }
  }
  if (held == nullptr || !evidence.all_eligible_short()) {
    return std::nullopt;
  }
  const double part = share(cma, eligible_managed(evidence));
  Claim result =
      claim(part >= big_share ? Role::root : Role::contributing, Rank::out_of_reach, part, 0.93,
            Message("The free memory belongs to CMA, which this request may not use: zone {} had "
                    "{} free, {} of it CMA. "
                    "Without it {} were left and {} must stay.",
                    held->name, kb(to_bytes(held->free, evidence.page)), kb(cma),
                    kb(to_bytes(held->usable(), evidence.page)),
                    kb(to_bytes(held->floor, evidence.page))));
  result.prove(Message("zone {}: free", held->name), to_bytes(held->free, evidence.page), held->at);
  result.prove(Message("zone {}: of that free CMA", held->name), cma, held->at);
  result.prove(Message("zone {}: must stay above this", held->name),
               to_bytes(held->floor, evidence.page), held->at);
  result.remedy(
      Message("Make the CMA area smaller (cma= on the kernel command line, or the device tree)"),
      {ShellCommand("grep -i cma /proc/meminfo"), ShellCommand("cat /proc/cmdline")});
  return result;
}

}  // namespace

extern const Cause cause_cma_only{"cma-only", 'A', "the free memory belongs to CMA", judge};

}  // namespace whyoom::diagnose::causes
