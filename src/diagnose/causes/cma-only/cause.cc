#include <algorithm>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// Of the memory that the request may use. With less than this to win, memory was used up, and CMA
// only brought the end forward.
constexpr double big_share = 0.05;

// A zone as a request saw it that may not use CMA. Where the first line is lost the class of the
// request is not known, so that the zone may have had to keep nothing back from it.
struct Seen {
  Pages cma, left, floor;
  bool is_short = false;
  bool would_pass = false;  // with CMA
};

Seen look(const memory::Evidence& evidence, const memory::ZoneState& zone) {
  const auto& printed = zone.printed->fields.get(kernel::Field::free_cma);
  Seen seen;
  seen.cma = to_pages(KiB(printed ? printed->value : 0), evidence.page);
  const bool known = evidence.request.flags_known;
  seen.left = known ? zone.usable() : zone.usable() - std::min(zone.usable(), seen.cma);
  seen.floor = known ? zone.floor : zone.min + zone.boost;
  seen.is_short = seen.left <= seen.floor + zone.slack;
  seen.would_pass = seen.left + seen.cma > zone.floor + zone.slack;
  return seen;
}

// Without the first line: each zone below HighMem is there, and is short of what is not CMA. A
// request that may use CMA would have passed, so this one may not.
bool all_low_short(const memory::Evidence& evidence) {
  Pages managed;
  for (const auto& zone : evidence.zones) {
    if (zone.zone < kernel::ZoneClass::highmem) {
      managed += zone.size();
      if (!look(evidence, zone).is_short) {
        return false;
      }
    }
  }
  const auto& high = evidence.report->tail.highmem_movable;
  return evidence.ram && high &&
         managed * 100 + Pages(high->value) * 97 >= to_pages(*evidence.ram, evidence.page) * 97;
}

// The zone whose free memory would have been enough; none when another lies above its mark.
const memory::ZoneState* held_by_cma(const Context& context) {
  const auto& evidence = context.evidence;
  const report::Report& report = context.report;
  const bool known = evidence.request.flags_known;
  // Zones alone can be those of a request that failed.
  const bool kills = report.task_table_at || report.constraint || !report.victims.empty();
  if (known ? evidence.request.may_use_cma : report.trigger || !kills) {
    return nullptr;
  }
  const auto held = std::ranges::find_if(evidence.zones, [&](const memory::ZoneState& zone) {
    const Seen seen = look(evidence, zone);
    return zone.eligible && seen.cma.count() > 0 && seen.is_short && seen.would_pass;
  });
  const bool all_short = known ? evidence.all_eligible_short() : all_low_short(evidence);
  return held != evidence.zones.end() && all_short ? &*held : nullptr;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || !evidence.has_eligible()) {
    return std::nullopt;
  }
  const memory::ZoneState* held = held_by_cma(context);
  if (held == nullptr) {
    return std::nullopt;
  }
  const Seen seen = look(evidence, *held);
  const Bytes cma = to_bytes(seen.cma, evidence.page);
  const double part = share(cma, eligible_managed(evidence));
  Claim result = claim(
      part >= big_share ? Role::root : Role::contributing, Rank::out_of_reach, part, 0.93,
      Message("The free memory belongs to CMA, which this request may not use: zone {} had "
              "{} free, {} of it CMA. "
              "Without it {} were left and {} must stay.",
              held->name, kb(to_bytes(held->free, evidence.page)), kb(cma),
              kb(to_bytes(seen.left, evidence.page)), kb(to_bytes(seen.floor, evidence.page))));
  result.prove(Message("zone {}: free", held->name), to_bytes(held->free, evidence.page), held->at);
  result.prove(Message("zone {}: of that free CMA", held->name), cma, held->at);
  result.prove(Message("zone {}: must stay above this", held->name),
               to_bytes(seen.floor, evidence.page), held->at);
  if (!evidence.request.flags_known) {
    result.confidence = 0.79;
    weaken(result, Message("the line \"invoked oom-killer\""), Message("its order was -1"));
  }
  result.remedy(
      Message("Make the CMA area smaller (cma= on the kernel command line, or the device tree)"),
      {ShellCommand("grep -i cma /proc/meminfo"), ShellCommand("cat /proc/cmdline")});
  return result;
}

}  // namespace

extern const Cause cause_cma_only{"cma-only", 'A', "the free memory belongs to CMA", judge};

}  // namespace whyoom::diagnose::causes
