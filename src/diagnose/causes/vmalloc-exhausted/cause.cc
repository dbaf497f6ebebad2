#include <algorithm>
#include <string>

#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "vmalloc-exhausted";

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const auto& vmalloc = context.report.vmalloc;
  if (!vmalloc) {
    return std::nullopt;
  }
  const bool beyond = vmalloc->bytes && evidence.ram && Bytes(*vmalloc->bytes) > *evidence.ram;
  const auto free_zone = std::ranges::find_if(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.eligible && zone.reserve_known &&
           zone.usable() > zone.high + zone.boost + zone.reserve;
  });
  const bool reserves_known = std::ranges::all_of(
      evidence.zones,
      [](const memory::ZoneState& zone) { return !zone.eligible || zone.reserve_known; });
  const bool free = reserves_known && free_zone != evidence.zones.end();
  if (!beyond && !free) {
    return std::nullopt;
  }
  const std::string size =
      vmalloc->bytes ? human(Bytes(*vmalloc->bytes)) : std::string("an unknown size");
  Claim result = claim(
      id, Role::root, Rank::out_of_reach, 0.8, 0.85,
      beyond ? Message("vmalloc was asked for {}, more than RAM has. Nothing was killed.", size)
             : Message("vmalloc could not serve {} although pages were free: its address space is "
                       "used up or "
                       "the size is not valid. Nothing was killed.",
                       size));
  auto& proofs = result.finding.proof;
  if (vmalloc->bytes) {
    proofs.push_back(proof(Message("size asked for"), Bytes(*vmalloc->bytes), vmalloc->at));
  }
  if (beyond) {
    proofs.push_back(
        proof(Message("RAM that the kernel manages"), *evidence.ram, context.report.tail.ram->at));
  }
  if (free) {
    proofs.push_back(proof(Message("zone {}: free and usable by this request", free_zone->name),
                           to_bytes(free_zone->usable(), evidence.page), free_zone->at));
  }
  Remedy remedy;
  remedy.title = Message(
      "See who asks (the stack in the report); on 32-bit raise vmalloc= on the kernel command "
      "line");
  remedy.commands = {ShellCommand("grep -i vmalloc /proc/meminfo")};
  result.finding.remedies.push_back(remedy);
  return result;
}

}  // namespace

extern const Cause cause_vmalloc_exhausted;
const Cause cause_vmalloc_exhausted{id, 'D', "vmalloc could not serve a request; no OOM", judge};

}  // namespace whyoom::diagnose::causes
