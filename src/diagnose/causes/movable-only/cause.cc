#include <algorithm>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double worth_having = 0.10;  // of RAM, free in ZONE_MOVABLE

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const auto elsewhere = free_elsewhere(evidence);
  if (!is_global_oom(context) || is_bound(evidence) || !elsewhere || !evidence.ram ||
      !evidence.request.flags_known || evidence.request.highest >= kernel::ZoneClass::movable) {
    return std::nullopt;
  }
  const auto is_movable = [](const memory::ZoneState& zone) {
    return zone.zone == kernel::ZoneClass::movable;
  };
  const auto is_highmem = [](const memory::ZoneState& zone) {
    return zone.zone == kernel::ZoneClass::highmem;
  };
  // From 6.1 on the zones above the request's own are not printed, but their free pages still count
  // in Mem-Info. Only 64-bit kernels have DMA32, and there nothing but ZONE_MOVABLE is above
  // Normal.
  const bool unprinted = evidence.request.highest == kernel::ZoneClass::normal &&
                         std::ranges::any_of(evidence.zones, [](const auto& zone) {
                           return zone.zone == kernel::ZoneClass::dma32;
                         });
  const auto movable = std::ranges::find_if(evidence.zones, is_movable);
  if (std::ranges::any_of(evidence.zones, is_highmem) ||
      (movable == evidence.zones.end() && !unprinted)) {
    return std::nullopt;
  }
  // What the printed zones do not manage is all that another zone can have.
  if (movable == evidence.zones.end() && *elsewhere > *evidence.ram - evidence.managed()) {
    return std::nullopt;
  }
  const Bytes free =
      movable != evidence.zones.end() ? to_bytes(movable->free, evidence.page) : *elsewhere;
  const Place at = movable != evidence.zones.end()
                       ? movable->at
                       : context.report.totals.get(kernel::Field::free)->at;
  const double part = share(free, *evidence.ram);
  const bool found = part >= worth_having && evidence.all_eligible_at_high();
  // Where one thing fills the zones that the request needs, that is the cause.
  const Role role = !found                          ? Role::ruled_out
                    : filled_by_slab(context) > 0.5 ? Role::contributing
                                                    : Role::root;
  Claim result =
      claim(role, Rank::out_of_reach, part * 0.5, 0.9,
            found ? Message("The free memory lies in ZONE_MOVABLE ({}), and this request needs "
                            "memory that stays where "
                            "it is. The other zones were full.",
                            human(free))
                  : Message("{} were free in ZONE_MOVABLE", human(free)));
  result.prove(Message("free in ZONE_MOVABLE"), free, at);
  for (const auto& zone : evidence.zones) {
    if (zone.eligible) {
      prove_zone(result, evidence, zone);
    }
  }
  if (found) {
    result.remedy(Message("Make ZONE_MOVABLE smaller: kernelcore=, movablecore=, movable_node, or "
                          "the policy that "
                          "puts hot-plugged memory online"),
                  {ShellCommand("cat /proc/cmdline"),
                   ShellCommand("cat /sys/devices/system/memory/auto_online_blocks")});
  }
  return result;
}

}  // namespace

extern const Cause cause_movable_only{"movable-only", 'A', "the free memory lies in ZONE_MOVABLE",
                                      judge};

}  // namespace whyoom::diagnose::causes
