#include "base/language.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double worth_naming = 0.01;  // of the zone

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context)) {
    return std::nullopt;
  }
  for (const auto& zone : evidence.zones) {
    const auto& printed = zone.printed->fields.get(kernel::Field::free_pcp);
    if (!zone.eligible || !printed || zone.passes()) {
      continue;
    }
    const Bytes stranded = to_bytes(KiB(printed->value));
    const Pages pages = to_pages(stranded, evidence.page);
    if (zone.usable() + pages <= zone.floor ||
        share(stranded, eligible_managed(evidence)) < worth_naming) {
      continue;
    }
    Claim result = claim(Role::contributing, Rank::out_of_reach, 0, 0.95,
                         Message("{} of zone {} lay free in per-CPU lists, which the check does "
                                 "not count; with them the request would have passed.{}",
                                 human(stranded), zone.name,
                                 context.story.victims_before > 0
                                     ? tr(" This is why killing a process did not help.")
                                     : ""));
    result.prove(Message("zone {}: free in per-CPU lists (free_pcp)", zone.name), stranded,
                 printed->at);
    result.prove(Message("zone {}: missing to its mark", zone.name),
                 to_bytes(zone.floor - zone.usable(), evidence.page), zone.at);
    result.remedies.push_back(
        set_remedy(Message("Keep the lists short (6.1 and later), and repair the cause behind it"),
                   "vm.percpu_pagelist_high_fraction", 8));
    return result;
  }
  return std::nullopt;
}

}  // namespace

extern const Cause cause_percpu_stranded{"percpu-stranded", 'A',
                                         "free pages are stranded in per-CPU lists", judge};

}  // namespace whyoom::diagnose::causes
