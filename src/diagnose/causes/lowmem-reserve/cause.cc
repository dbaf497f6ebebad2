#include <algorithm>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double decisive_share = 0.10;  // of RAM, free and held back by reserves alone
constexpr double notable_share = 0.01;
constexpr double notable_on_host = 0.05;  // the default ratios reserve 3 % at most (HighMem)

void add_remedy(Finding& finding) {
  finding
      .remedy(Message("Compare vm.lowmem_reserve_ratio with the default (256 256 32 0 0); a "
                      "smaller number "
                      "reserves more"),
              {ShellCommand("sysctl vm.lowmem_reserve_ratio")})
      .assume = "vm.lowmem_reserve_ratio=default";
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || !evidence.all_eligible_short()) {
    return std::nullopt;
  }
  Pages held, most;
  const memory::ZoneState* largest = nullptr;
  for (const auto& zone : evidence.zones) {
    const Pages above_min = zone.usable() - zone.min - zone.boost;
    if (zone.eligible && zone.reserve > Pages(0)) {
      held += above_min;
      if (above_min > most) {
        most = above_min;
        largest = &zone;
      }
    }
  }
  if (largest == nullptr) {
    return std::nullopt;
  }
  const Bytes size = to_bytes(held, evidence.page);
  const Bytes managed = evidence.managed();
  const double part = share(size, std::max(evidence.ram.value_or(managed), managed));
  const Role role = part >= decisive_share  ? Role::root
                    : part >= notable_share ? Role::contributing
                                            : Role::ruled_out;
  Claim result =
      claim(role, Rank::out_of_reach, part, 0.9,
            role == Role::ruled_out
                ? Message("the reserves of the lower zones held back {} ({} of RAM)", human(size),
                          percent(part))
                : Message("The lower zones keep a reserve against this kind of request: zone {} "
                          "had {} free, above its min "
                          "of {}, but {} are reserved (lowmem_reserve). {} were held back.",
                          largest->name, kb(to_bytes(largest->usable(), evidence.page)),
                          kb(to_bytes(largest->min, evidence.page)),
                          kb(to_bytes(largest->reserve, evidence.page)), human(size)));
  result.prove(Message("zone {}: free and usable by this request", largest->name),
               to_bytes(largest->usable(), evidence.page), largest->at);
  result.prove(Message("zone {}: min", largest->name), to_bytes(largest->min, evidence.page),
               largest->at);
  result.prove(Message("zone {}: reserve against it", largest->name),
               to_bytes(largest->reserve, evidence.page), largest->printed->lowmem_reserve_at);
  if (role == Role::root) {
    add_remedy(result);
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const memory::Machine& machine = context.state.machine;
  Pages held;
  for (const auto& zone : machine.zones) {
    if (zone.eligible) {
      held += std::min(zone.reserve, zone.size());
    }
  }
  const Bytes size = to_bytes(held, machine.page);
  const double part = share(size, machine.managed());
  if (part < notable_on_host) {
    return {};
  }
  Claim result =
      claim(Role::risk, Rank::out_of_reach, part, 0.9,
            Message("vm.lowmem_reserve_ratio keeps {} ({} of RAM) of the lower zones from ordinary "
                    "requests, also when nothing else is free.",
                    human(size), percent(part)));
  result.prove(Message("reserves of the lower zones"), size);
  add_remedy(result);
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_lowmem_reserve{"lowmem-reserve", 'A',
                                        "a zone's reserve keeps the request out", judge, check};

}  // namespace whyoom::diagnose::causes
