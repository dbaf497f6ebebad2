#include "diagnose/claim.h"
#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double big_share = 0.20;  // of RAM and balloon together

// A size that was told from other zones' reserves is no proof: a report that ends early does not
// tell which zones these are of.
bool is_size_printed(const memory::ZoneState& zone) {
  const auto& fields = zone.printed->fields;
  return fields.get(kernel::Field::managed) || fields.get(kernel::Field::present);
}

// More than the zone has, or than the machine. A bug in how a driver tells what it took makes what
// is managed wrap, and the marks with it (5.3 to 5.4, drivers/virtio/virtio_balloon.c).
std::optional<Claim> absurd_mark(const memory::ZoneState& zone, const memory::Evidence& evidence) {
  const Bytes min = to_bytes(zone.min, evidence.page);
  const bool sized = is_size_printed(zone) && zone.managed && zone.managed->count() > 0;
  const bool beyond_ram = evidence.ram && min > *evidence.ram;
  if (!zone.eligible || (!(sized && zone.min > *zone.managed) && !beyond_ram)) {
    return std::nullopt;
  }
  const Bytes most = sized ? to_bytes(*zone.managed, evidence.page) : *evidence.ram;
  Claim result = claim(
      Role::root, Rank::out_of_reach, 0.3, 0.8,
      sized
          ? Message("The min of zone {} ({}) is more than the zone manages ({}): memory was taken "
                    "away from the machine (balloon, hot-unplug) after the marks were set.",
                    zone.name, kb(min), kb(most))
          : Message("The min of zone {} ({}) is more than the machine has ({}): memory was taken "
                    "away from it (balloon, hot-unplug), and counted wrongly.",
                    zone.name, kb(min), kb(most)));
  result.prove(Message("zone {}: min", zone.name), min, zone.at);
  if (sized) {
    result.prove(Message("zone {}: managed", zone.name), most, zone.at);
  } else {
    result.prove(Message("RAM that the kernel manages"), most);
    weaken(result, Message("the rest of the line of zone {}", zone.name),
           Message("what the zone manages is as much as RAM"));
  }
  return result;
}

void add_remedy(Finding& finding) {
  finding.remedy(
      Message("Give the guest its memory back on the host (balloon target), or set a lower bound"));
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context)) {
    return std::nullopt;
  }
  for (const auto& zone : evidence.zones) {
    if (auto claim = absurd_mark(zone, evidence)) {
      return claim;
    }
  }
  // Most drivers take the pages out of `managed`, so they are in no account.
  const auto [held, at] = balloon(evidence);
  if (held.count() == 0 || !evidence.ram) {
    return std::nullopt;
  }
  const double part = share(held, *evidence.ram + held);
  const bool root = part >= big_share && used_up(context) != nullptr;
  Claim result =
      claim(root ? Role::root : Role::ruled_out, Rank::out_of_reach, part, 0.9,
            root ? Message("The balloon driver holds {} ({} of RAM and balloon) for the host.",
                           human(held), percent(part))
                 : Message("the balloon holds {} ({} of RAM)", human(held), percent(part)));
  result.prove(Message("balloon"), held, at);
  if (root) {
    add_remedy(result);
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const auto& total = host.meminfo.mem_total;
  Bytes held;
  Place at;
  if (host.meminfo.balloon) {
    held = to_bytes(host.meminfo.balloon->value);
    at = host.meminfo.balloon->at;
  } else if (const auto& pages = host.vmstat.pages.balloon_pages) {
    held = to_bytes(pages->value, context.state.machine.page);
    at = pages->at;
  } else {
    return {};
  }
  if (!total) {
    return {};
  }
  const HostShare part{held, to_bytes(total->value) + held, at, total->at};
  Claim result =
      share_claim(Rank::out_of_reach, part, big_share, Message("balloon"),
                  Message("The balloon driver holds {} ({} of RAM and balloon) for the host.",
                          human(held), percent(part.part())));
  if (result.role == Role::risk) {
    add_remedy(result);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_balloon_or_hotplug{
    "balloon-or-hotplug", 'A', "a balloon or hot-unplug took the memory", judge, check};

}  // namespace whyoom::diagnose::causes
