#include <algorithm>
#include <cmath>

#include "diagnose/claim.h"
#include "kernel/known_bugs.h"
#include "memory/watermarks.h"

namespace whyoom::diagnose::causes {

namespace {

// vm.watermark_scale_factor is 10 (of 10000) by default; from 100 on a gap is 1 % of the zone.
constexpr double raised_scale = 100.0 / 10000;
// A boost is one or a few pageblocks. On a machine whose memory is used up it only brings the end
// forward; it is the root only where it holds back a big share of the memory that the request may
// use. A pageblock is a big share of zone DMA, and next to nothing for the machine.
constexpr double big_boost = 0.05;
// Of that memory, what the boost held back and was still there: with less it was at its end.
constexpr double worth_having = 0.02;

// The gap between the marks is max(min / 4, managed x factor / 10000). In HighMem (and Movable from
// 6.8 on) min is capped and this min / 4 is not: those zones do not tell. The factor that the gap
// shows, of 10000; nothing where it is none that somebody raised.
std::optional<std::int64_t> raised_factor(const memory::ZoneState& zone) {
  const Pages gap = zone.low - zone.min;
  const double of_zone = share(gap, zone.size());
  if (zone.zone > kernel::ZoneClass::normal || of_zone < raised_scale ||
      gap <= zone.min / 4 + Pages(1)) {
    return std::nullopt;
  }
  return std::lround(of_zone * 10000);
}

Remedy default_factor() {
  return set_remedy(Message("Set the kernel's default"), "vm.watermark_scale_factor", 10);
}

Remedy no_boost() {
  return set_remedy(Message("Switch the boost off"), "vm.watermark_boost_factor", 0);
}

// The zone that the boost alone kept from serving the request, with room to spare: without the
// boost it was above its high mark, so that memory was not used up.
const memory::ZoneState* held_by_boost(const memory::Evidence& evidence) {
  const memory::ZoneState* held = nullptr;
  for (const auto& zone : evidence.zones) {
    if (!zone.eligible) {
      continue;
    }
    if (zone.usable() > zone.floor + zone.slack) {
      return nullptr;
    }
    if (zone.boost > Pages(0) && zone.usable() > zone.high + zone.reserve) {
      held = &zone;
    }
  }
  return held;
}

// No kernel without the bug raises the marks of so small a zone: its release or the zone's size is
// not as it was printed.
bool contradicts_release(const memory::Evidence& evidence, const memory::ZoneState& zone) {
  return zone.managed && *zone.managed < memory::pageblock_pages(evidence.page) * 4 &&
         kernel::affected(kernel::known_bug(kernel::Bug::boost_of_small_zone),
                          report::release_of(*evidence.report)) == kernel::Affected::no;
}

std::optional<Claim> boosted(const memory::Evidence& evidence) {
  const auto* zone = held_by_boost(evidence);
  if (zone == nullptr || evidence.request.order.value_or(0) != 0) {
    return std::nullopt;
  }
  const PageSize page = evidence.page;
  const double part = share(to_bytes(zone->boost, page), eligible_managed(evidence));
  const Bytes held = to_bytes(zone->usable() - zone->min - zone->reserve, page);
  const bool big = part >= big_boost && share(held, eligible_managed(evidence)) >= worth_having;
  const std::string free = kb(to_bytes(zone->usable(), page));
  const std::string boost = kb(to_bytes(zone->boost, page));
  const std::string mark = kb(to_bytes(zone->min + zone->reserve, page));
  Message summary =
      evidence.request.order
          ? Message(
                "Memory was free, but a watermark boost kept it out of reach. Zone {} had {} "
                "free; without the boost of {} the request needed more than {} there and would "
                "have passed.",
                zone->name, free, boost, mark)
          : Message(
                "Memory was free, but a watermark boost kept it out of reach. Zone {} had {} "
                "free; without the boost of {} a request for one page needs more than {} there "
                "and would pass.",
                zone->name, free, boost, mark);
  Claim result =
      claim(big && evidence.zones_complete ? Role::root : Role::contributing, Rank::out_of_reach,
            part, zone->boost_inferred ? 0.7 : 0.9, std::move(summary));
  if (!evidence.ram) {  // a pageblock is a big share of the zones that are there, if not of all
    leave_open(result, Message(R"(the lines "pages RAM" and "pages reserved")"));
  }
  if (contradicts_release(evidence, *zone)) {
    leave_open(result, Message("the kernel's release (the line \"CPU: ... Comm:\")"));
  }
  if (!evidence.request.order) {  // a larger order can fail for another reason
    leave_open(result, Message("the order of the request (the line \"invoked oom-killer\")"));
  }
  result.prove(Message("zone {}: free and usable by this request", zone->name),
               to_bytes(zone->usable(), page), zone->at);
  result.prove(Message("zone {}: boost", zone->name), to_bytes(zone->boost, page), zone->at);
  result.prove(Message("zone {}: must stay above this, without the boost", zone->name),
               to_bytes(zone->min + zone->reserve, page), zone->at);
  result.prove(Message("zone {}: must stay above this", zone->name), to_bytes(zone->floor, page),
               zone->at);
  if (evidence.request.order) {  // of a large one the boost is what its failures led to
    result.remedies.push_back(no_boost());
  }
  return result;
}

std::optional<Claim> scaled(const memory::Evidence& evidence) {
  for (const auto& zone : evidence.zones) {
    const auto factor = raised_factor(zone);
    if (!zone.eligible || !factor) {
      continue;
    }
    const Pages gap = zone.low - zone.min;
    const double of_zone = share(gap, zone.size());
    // It moves low and high, never min: the request still fails at min, and no value helps it.
    Claim result =
        claim(Role::contributing, Rank::out_of_reach, of_zone, 0.9,
              Message("vm.watermark_scale_factor was about {}: zone {} is reclaimed until {} are "
                      "free, the default of 10 asks for less",
                      *factor, zone.name, kb(to_bytes(zone.high, evidence.page))));
    result.prove(Message("zone {}: low - min", zone.name), to_bytes(gap, evidence.page), zone.at);
    result.prove_ratio(Message("share of the zone (0.1 % by default)"), of_zone, zone.at);
    return result;
  }
  return std::nullopt;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || !evidence.has_eligible()) {
    return std::nullopt;
  }
  if (auto found = boosted(evidence)) {
    return found;
  }
  if (auto found = scaled(evidence)) {
    return found;
  }
  const auto zone = std::ranges::find_if(evidence.zones, &memory::ZoneState::eligible);
  const Pages gap = zone->low - zone->min;
  Claim result = claim(Role::ruled_out, Rank::out_of_reach, 0, 0.9,
                       Message("the marks of zone {} lie {} apart, as the defaults make them",
                               zone->name, kb(to_bytes(gap, evidence.page))));
  result.prove(Message("zone {}: low - min", zone->name), to_bytes(gap, evidence.page), zone->at);
  result.prove(Message("zone {}: boost", zone->name), to_bytes(zone->boost, evidence.page),
               zone->at);
  return result;
}

Bytes boost_of(const memory::Machine& machine) {
  Bytes boost;
  for (const memory::ZoneState& zone : machine.zones) {
    boost += to_bytes(zone.boost, machine.page);
  }
  return boost;
}

// The zone of lowmem with the most memory: its gaps are the setting's.
const memory::ZoneState* biggest_zone(const memory::Machine& machine) {
  const auto biggest =
      std::ranges::max_element(machine.zones, {}, [](const memory::ZoneState& zone) {
        return zone.zone > kernel::ZoneClass::normal ? Pages(0) : zone.size();
      });
  return biggest == machine.zones.end() || biggest->size() == Pages(0) ? nullptr : &*biggest;
}

std::vector<Claim> check(const HostContext& context) {
  const memory::Machine& machine = context.state.machine;
  const memory::ZoneState* biggest = biggest_zone(machine);
  if (biggest == nullptr) {
    return {};
  }
  const memory::ZoneState& zone = *biggest;
  const Pages gap = zone.low - zone.min;
  const double of_zone = share(gap, zone.size());
  const Bytes boost = boost_of(machine);
  const double boost_part = share(boost, machine.managed());
  const bool boosted = boost_part >= big_boost;
  const auto scaled = raised_factor(zone);
  const std::string high = human(to_bytes(zone.high, machine.page));
  Claim result = claim(
      boosted || scaled ? Role::risk : Role::ruled_out, Rank::out_of_reach,
      boosted ? boost_part : of_zone / 2, 0.9,
      boosted
          ? Message("A watermark boost keeps {} ({} of RAM) out of reach until kswapd has freed "
                    "as much.",
                    human(boost), percent(boost_part))
      : scaled
          ? Message("vm.watermark_scale_factor is about {} (10 by default): zone {} is reclaimed "
                    "until {} are free.",
                    *scaled, zone.name, high)
          : Message("the marks of zone {} lie {} apart, {} of the zone", zone.name,
                    kb(to_bytes(gap, machine.page)), percent(of_zone)));
  result.prove(Message("zone {}: low - min", zone.name), to_bytes(gap, machine.page), zone.at);
  result.prove(Message("boost of all zones"), boost);
  if (boosted || scaled) {
    result.remedies.push_back(boosted ? no_boost() : default_factor());
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_watermark_raised{
    "watermark-raised", 'A', "the watermarks stand higher than min_free_kbytes makes them", judge,
    check};

}  // namespace whyoom::diagnose::causes
