#include <algorithm>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double worth_having = 0.10;  // of RAM, free in ZONE_MOVABLE

// What is free in ZONE_MOVABLE; nullopt where nothing tells, or it is HighMem that is free.
std::optional<Read<Bytes>> free_in_movable(const memory::Evidence& evidence, Bytes elsewhere) {
  using kernel::ZoneClass;
  const auto has = [&evidence](ZoneClass which) {
    return std::ranges::find(evidence.zones, which, &memory::ZoneState::zone) !=
           evidence.zones.end();
  };
  if (has(ZoneClass::highmem)) {
    return std::nullopt;
  }
  const auto movable =
      std::ranges::find(evidence.zones, ZoneClass::movable, &memory::ZoneState::zone);
  if (movable != evidence.zones.end()) {
    return Read<Bytes>{to_bytes(movable->free, evidence.page), movable->at};
  }
  // From 6.1 on the zones above the request's own are not printed, but their free pages still count
  // in Mem-Info. Only 64-bit kernels have DMA32, and there nothing but ZONE_MOVABLE is above
  // Normal. What the printed zones do not manage is all that another zone can have.
  if (evidence.request.highest != ZoneClass::normal || !has(ZoneClass::dma32) ||
      elsewhere > *evidence.ram - evidence.managed()) {
    return std::nullopt;
  }
  return Read<Bytes>{elsewhere, evidence.report->totals.get(kernel::Field::free)->at};
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const auto elsewhere = free_elsewhere(evidence);
  if (!is_global_oom(context) || is_bound(evidence) || !elsewhere || !evidence.ram ||
      !evidence.request.flags_known || evidence.request.highest >= kernel::ZoneClass::movable) {
    return std::nullopt;
  }
  const auto movable = free_in_movable(evidence, *elsewhere);
  if (!movable) {
    return std::nullopt;
  }
  const auto& [free, at] = *movable;
  const double part = share(free, *evidence.ram);
  if (part >= worth_having && !evidence.zones_complete) {  // it may be free in one that is lost
    return std::nullopt;
  }
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
  if (role == Role::root && !context.report.totals.get(kernel::Field::slab_unreclaimable)) {
    leave_open(result, Message("the counters of Mem-Info (\"active_anon:\")"));
  }
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
