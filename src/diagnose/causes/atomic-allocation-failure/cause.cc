#include <algorithm>

#include "diagnose/claim.h"
#include "memory/machine.h"

namespace whyoom::diagnose::causes {

namespace {

Pages mark_of(const memory::ZoneState& zone, const memory::Evidence& evidence) {
  const bool boost_counts = !evidence.release || !evidence.release->at_least(5, 9);
  return memory::lowered_mark(zone.min, zone.boost, evidence.request, boost_counts) + zone.reserve;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const int order = evidence.request.order.value_or(-1);
  if (context.report.kind != report::Kind::page_allocation_failure || order < 0 || order > 3 ||
      !evidence.request.flags_known || !kernel::is_atomic(evidence.request.flags) ||
      !evidence.has_eligible()) {
    return std::nullopt;
  }
  const bool is_short =
      std::ranges::all_of(evidence.zones, [&evidence](const memory::ZoneState& zone) {
        return !zone.eligible || zone.usable() <= mark_of(zone, evidence) + zone.slack;
      });
  const auto zone = std::ranges::max_element(evidence.zones, {}, [](const memory::ZoneState& each) {
    return each.eligible ? each.usable().count() : 0;
  });
  const Bytes mark = to_bytes(mark_of(*zone, evidence), evidence.page);
  Claim result = claim(
      is_short ? Role::root : Role::ruled_out, Rank::out_of_reach, 0.6, 0.9,
      is_short ? Message("A request that may not wait (atomic) found no zone above its mark: zone "
                         "{} had {} free, and {} must stay. Nothing was killed. If this comes "
                         "often, vm.min_free_kbytes is too low for the load, not too high.",
                         zone->name, kb(to_bytes(zone->usable(), evidence.page)), kb(mark))
               : Message("zone {} was above the mark of an atomic request", zone->name));
  result.prove(Message("zone {}: free and usable by this request", zone->name),
               to_bytes(zone->usable(), evidence.page), zone->at);
  result.prove(Message("zone {}: must stay above this", zone->name), mark, zone->at);
  if (is_short && !evidence.zones_complete) {
    leave_open(result, Message("the zones that are not there"));
  }
  if (is_short) {
    result.remedy(
        Message("When it comes often: raise vm.min_free_kbytes in small steps (up to 1 % of RAM)"),
        {ShellCommand("sysctl vm.min_free_kbytes")});
  }
  return result;
}

}  // namespace

extern const Cause cause_atomic_allocation_failure{
    "atomic-allocation-failure", 'D', "an atomic request found no free page; no OOM", judge};

}  // namespace whyoom::diagnose::causes
