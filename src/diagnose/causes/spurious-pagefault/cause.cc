#include <algorithm>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || !is_of_page_fault(context.report)) {
    return std::nullopt;
  }
  // The page-fault path lost its request; what can be told is whether memory was short at all.
  const auto above = std::ranges::find_if(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.usable() > zone.high + zone.boost + zone.reserve;
  });
  if (!evidence.zones_complete) {
    return std::nullopt;
  }
  const bool spurious = above != evidence.zones.end();
  const auto& zone = spurious ? *above : evidence.zones.front();
  Claim result = claim(
      spurious ? Role::root : Role::ruled_out, Rank::asked_for, 0.9, 0.9,
      spurious
          ? Message("No memory was short: the page-fault path asked for the OOM killer without a "
                    "request of its own (gfp_mask 0), while zone {} had {} free, above its high "
                    "mark. A "
                    "cgroup's charge or a damaged page table entry failed before.",
                    zone.name, kb(to_bytes(zone.usable(), evidence.page)))
          : Message("gfp_mask is 0, but every zone was below its high mark"));
  result.prove(Message("gfp_mask of the request"), 0, context.report.trigger->at);
  result.prove(Message("zone {}: free and usable", zone.name),
               to_bytes(zone.usable(), evidence.page), zone.at);
  result.prove(Message("zone {}: high mark", zone.name),
               to_bytes(zone.high + zone.boost, evidence.page), zone.at);
  if (spurious) {
    result.remedy(
        Message("Look for a cgroup at its limit, or for \"Bad swap offset entry\" and the like, "
                "just before it; update the kernel (5.16 and later do not kill here)"));
  }
  return result;
}

}  // namespace

extern const Cause cause_spurious_pagefault{
    "spurious-pagefault", 'A', "the page-fault path asked for an OOM that was none", judge};

}  // namespace whyoom::diagnose::causes
