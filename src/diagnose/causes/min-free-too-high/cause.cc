#include <algorithm>

#include "diagnose/causes/min-free-too-high/host.h"
#include "diagnose/tools.h"
#include "memory/min_free.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "min-free-too-high";

// A setting this much above the kernel's own choice is somebody's, whatever khugepaged added.
constexpr double clearly_above_default = 1.25;
// With less than this to win, memory was used up and the setting only brought the end forward.
constexpr double big_share = 0.05;
constexpr double notable_share = 0.01;

struct Effect {
  Bytes out_of_reach;  // free, held back by the setting, and free to use with the default
  bool all_short = true;
  Bytes held_by_boost;  // free above a zone's own min, which its boost alone kept out of reach
  bool would_pass = false;
  const memory::ZoneState* nearest = nullptr;  // the zone that came closest to serving the request
};

Effect effect_of(const memory::Evidence& evidence, double factor) {
  Effect effect;
  for (const auto& zone : evidence.zones) {
    if (!zone.eligible) {
      continue;
    }
    const Pages held = std::min(zone.usable(), zone.min) - memory::scaled_min(zone, factor);
    effect.out_of_reach += to_bytes(held, evidence.page);
    effect.all_short = effect.all_short && zone.is_short();
    if (!zone.below_min()) {
      effect.held_by_boost += to_bytes(zone.usable() - zone.min - zone.reserve, evidence.page);
    }
    effect.would_pass = effect.would_pass || memory::would_pass(zone, factor, true);
    if (effect.nearest == nullptr || zone.usable() > effect.nearest->usable()) {
      effect.nearest = &zone;
    }
  }
  return effect;
}

std::vector<Remedy> remedies(KiB value) {
  const std::string number = std::to_string(value.count());
  Remedy by_hand;
  by_hand.title =
      Message("By hand: set it now, find the line that sets it, put {} there, load it", number);
  by_hand.commands = {ShellCommand("sudo sysctl -w vm.min_free_kbytes={}", value.count()),
                      ShellCommand("grep -nsE '^[^#;]*min_free_kbytes' /etc/sysctl.conf "
                                   "/{etc,run,usr/local/lib,usr/lib}/sysctl.d/*.conf"),
                      ShellCommand("sudo sysctl -p /etc/sysctl.conf")};
  return {set_remedy(Message("Give the memory back, now and after a restart"), "vm.min_free_kbytes",
                     static_cast<std::int64_t>(value.count())),
          by_hand};
}

void add_proof(Finding& finding, const memory::Evidence& evidence, const Effect& effect,
               double factor) {
  const memory::MinFree& setting = *evidence.min_free;
  const memory::ZoneState& zone = *effect.nearest;
  const PageSize page = evidence.page;
  finding.proof.push_back(
      proof(Message("vm.min_free_kbytes, from the zones' min"), to_bytes(setting.value), zone.at));
  finding.proof.push_back(
      proof_ratio(Message("share of RAM that it keeps free"), setting.share_of_ram, zone.at));
  finding.proof.push_back(
      proof(Message("the kernel's own choice on this machine"), to_bytes(setting.default_high)));
  for (const auto& each : evidence.zones) {
    if (!each.eligible) {
      continue;
    }
    finding.proof.push_back(proof(Message("zone {}: free and usable by this request", each.name),
                                  to_bytes(each.usable(), page), each.at));
    finding.proof.push_back(proof(Message("zone {}: must stay above this", each.name),
                                  to_bytes(each.floor, page), each.at));
    finding.proof.push_back(proof(Message("zone {}: min with the kernel's own choice", each.name),
                                  to_bytes(memory::scaled_min(each, factor), page)));
  }
  finding.proof.push_back(
      proof(Message("free memory that the setting kept out of reach"), effect.out_of_reach));
}

Claim refuse(const memory::Evidence& evidence, const Message& why) {
  Claim result = claim(id, Role::ruled_out, Rank::out_of_reach, 0, 0.95, why);
  result.finding.proof.push_back(proof(Message("vm.min_free_kbytes, from the zones' min"),
                                       to_bytes(evidence.min_free->value),
                                       evidence.zones.front().at));
  result.finding.proof.push_back(proof(Message("the kernel's own choice on this machine"),
                                       to_bytes(evidence.min_free->default_high)));
  return result;
}

Message root_sentence(const memory::Evidence& evidence, const Effect& effect) {
  const memory::MinFree& setting = *evidence.min_free;
  const memory::ZoneState& zone = *effect.nearest;
  return Message(
      "Memory was free, but vm.min_free_kbytes kept it out of reach. It was {} ({} of RAM); the "
      "kernel's own choice here is {}. Zone {} had {} free and the request needed more than {} "
      "there. "
      "{} were out of reach.",
      kb(to_bytes(setting.value)), percent(setting.share_of_ram),
      kb(to_bytes(setting.default_high)), zone.name, kb(to_bytes(zone.usable(), evidence.page)),
      kb(to_bytes(zone.floor, evidence.page)), human(effect.out_of_reach));
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || is_sysrq(context.report) || !evidence.min_free ||
      !evidence.has_eligible() || evidence.request.order.value_or(0) > 3) {
    return std::nullopt;
  }
  const memory::MinFree& setting = *evidence.min_free;
  const double factor = static_cast<double>(setting.default_high.count()) /
                        static_cast<double>(setting.value.count());
  const std::string value = kb(to_bytes(setting.value));
  const std::string own_choice = kb(to_bytes(setting.default_high));
  if (factor * clearly_above_default >= 1.0) {
    return refuse(evidence, Message("vm.min_free_kbytes was {}, as the kernel itself chooses here "
                                    "(up to {})",
                                    value, own_choice));
  }
  const Effect effect = effect_of(evidence, factor);
  const Bytes managed = eligible_managed(evidence);
  if (!effect.all_short || share(effect.held_by_boost, managed) >= notable_share) {
    return refuse(evidence,
                  Message("vm.min_free_kbytes was {}, but a zone that the request may use "
                          "was above its min",
                          value));
  }
  const double gain = share(effect.out_of_reach, managed);
  const bool decisive = effect.would_pass && gain >= big_share && evidence.zones_complete;
  if (gain < notable_share) {
    return refuse(evidence,
                  Message("vm.min_free_kbytes was {}, more than the kernel's own choice of "
                          "{}, but it kept only {} out of reach",
                          value, own_choice, human(effect.out_of_reach)));
  }
  Claim result =
      claim(id, decisive ? Role::root : Role::contributing, Rank::out_of_reach, gain,
            setting.exact ? 0.99 : 0.95,
            decisive ? root_sentence(evidence, effect)
                     : Message("vm.min_free_kbytes was {}, the kernel's own choice here is "
                               "{}: it kept {} out of reach.",
                               value, own_choice, human(effect.out_of_reach)));
  add_proof(result.finding, evidence, effect, factor);
  result.finding.remedies = remedies(setting.default_high);
  return result;
}

}  // namespace

extern const Cause cause_min_free_too_high;
const Cause cause_min_free_too_high{id, 'A', "vm.min_free_kbytes keeps free memory out of reach",
                                    judge, min_free_on_host};

}  // namespace whyoom::diagnose::causes
