#include <algorithm>
#include <string>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/share.h"
#include "memory/vendor_rules.h"

namespace whyoom::diagnose::causes {

namespace {

using memory::clearly_above_default;
constexpr double notable_share = 0.01;

// Below that nobody set it.
bool is_clearly_above(const memory::Machine& machine) {
  return share(machine.min_free->value, *machine.default_min_free) > clearly_above_default;
}

struct Effect {
  memory::WhatIf with_own;  // the kernel's own choice
  Bytes out_of_reach;       // free, held back by the setting, and free to use with the default
  bool all_short = true;
  Bytes held_by_boost;  // free above a zone's own min, which its boost alone kept out of reach
  const memory::ZoneState* nearest = nullptr;  // the zone that came closest to serving the request
};

Effect effect_of(const memory::Evidence& evidence) {
  Effect effect;
  effect.with_own = memory::what_if(evidence, {.min_free_kbytes = evidence.default_min_free});
  for (std::size_t i = 0; i < evidence.zones.size(); ++i) {
    const memory::ZoneState& zone = evidence.zones[i];
    if (!zone.eligible) {
      continue;
    }
    const memory::ZoneMoment& after = effect.with_own.zones[i].after;
    const Pages held =
        std::min(zone.usable(), zone.min + zone.reserve) - (after.marks.min + after.reserve);
    effect.out_of_reach += to_bytes(held, evidence.page);
    effect.all_short = effect.all_short && zone.is_short();
    if (!zone.below_min()) {
      effect.held_by_boost += to_bytes(zone.usable() - zone.min - zone.reserve, evidence.page);
    }
    if (effect.nearest == nullptr || zone.usable() > effect.nearest->usable()) {
      effect.nearest = &zone;
    }
  }
  return effect;
}

std::vector<Remedy> remedies(KiB value) {
  const std::string number = std::to_string(value.count());
  return {
      set_remedy(Message("Give the memory back, now and after a restart"), "vm.min_free_kbytes",
                 static_cast<std::int64_t>(value.count())),
      {Message("By hand: set it now, find the line that sets it, put {} there, load it", number),
       {ShellCommand("sudo sysctl -w vm.min_free_kbytes={}", value.count()),
        ShellCommand("grep -rnsE '^[^#;]*min_free_kbytes' /etc/sysctl.conf /etc/sysctl.d "
                     "/run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d"),
        // Debian 13 and others have no /etc/sysctl.conf, and `sysctl -p` reads no other file.
        ShellCommand("sudo sysctl --system")}}};
}

void add_proof(Finding& finding, const memory::Evidence& evidence, const Effect& effect) {
  const memory::MinFree& setting = *evidence.min_free;
  const memory::ZoneState& zone = *effect.nearest;
  const PageSize page = evidence.page;
  finding.prove(Message("vm.min_free_kbytes, from the zones' min"), to_bytes(setting.value),
                zone.at);
  finding.prove_ratio(Message("share of RAM that it keeps free"), *setting.share_of_ram, zone.at);
  finding.prove(Message("the kernel's own choice on this machine"),
                to_bytes(*evidence.default_min_free));
  for (std::size_t i = 0; i < evidence.zones.size(); ++i) {
    const memory::ZoneState& each = evidence.zones[i];
    if (!each.eligible) {
      continue;
    }
    prove_zone(finding, evidence, each);
    finding.prove(Message("zone {}: min with the kernel's own choice", each.name),
                  to_bytes(effect.with_own.zones[i].after.marks.min, page));
  }
  finding.prove(Message("free memory that the setting kept out of reach"), effect.out_of_reach);
}

Claim refuse(const memory::Evidence& evidence, const Message& why) {
  Claim result = claim(Role::ruled_out, Rank::out_of_reach, 0, 0.95, why);
  result.prove(Message("vm.min_free_kbytes, from the zones' min"),
               to_bytes(evidence.min_free->value), evidence.zones.front().at);
  result.prove(Message("the kernel's own choice on this machine"),
               to_bytes(*evidence.default_min_free));
  return result;
}

Message root_sentence(const memory::Evidence& evidence, const Effect& effect) {
  const memory::MinFree& setting = *evidence.min_free;
  const memory::ZoneState& zone = *effect.nearest;
  return Message(
      "vm.min_free_kbytes is too high: it keeps {} ({} of RAM) free, where the kernel itself "
      "chooses {}. Zone {} had {} free, and the request needed more than {} there: {} were out of "
      "reach.",
      human(to_bytes(setting.value)), percent(*setting.share_of_ram),
      human(to_bytes(*evidence.default_min_free)), zone.name,
      kb(to_bytes(zone.usable(), evidence.page)), kb(to_bytes(zone.floor, evidence.page)),
      human(effect.out_of_reach));
}

// So much of lowmem no kernel keeps free by itself (mm/khugepaged.c
// set_recommended_min_free_kbytes()).
constexpr double most_by_itself = 0.05;

Remedy back_to_default() {
  return {Message("Give the memory back, now and after a restart"),
          {ShellCommand("sudo whyoom fix vm.min_free_kbytes=default")}};
}

// Without the zones, of a machine whose setting is known from beside the log. An ordinary request
// leaves as much as the setting says, and who may go below that takes little: so much was free.
std::optional<Claim> by_setting(const Context& context) {
  const memory::Evidence& evidence = context.evidence;
  const memory::Request& request = evidence.request;
  if (!evidence.zones.empty() || !evidence.min_free->share_of_ram || !evidence.ram ||
      !is_known_global(evidence) || is_bound(evidence) || is_of_page_fault(context.report) ||
      context.story.killed_at.line != 0 ||
      (request.flags_known && request.highest < kernel::ZoneClass::normal)) {
    return std::nullopt;
  }
  const memory::MinFree& setting = *evidence.min_free;
  const Bytes own = evidence.default_min_free
                        ? to_bytes(*evidence.default_min_free)
                        : Bytes(static_cast<std::uint64_t>(
                              static_cast<double>(evidence.ram->count()) * most_by_itself));
  // No more was kept back than was free.
  const Bytes value = to_bytes(setting.value);
  const Bytes kept = std::min(value, counted_free(evidence).value_or(value));
  const double gain = share(kept, *evidence.ram) - share(own, *evidence.ram);
  // What a process held was not kept free.
  const bool fits = std::ranges::all_of(context.report.victims, [&](const report::Victim& victim) {
    return to_bytes(victim.resident()) + to_bytes(setting.value) <= *evidence.ram;
  });
  if (gain < big_min_free || !fits) {
    return std::nullopt;
  }
  const std::string choice = human(own);
  Claim result =
      claim(Role::root, Rank::out_of_reach, gain, 0.85,
            Message("vm.min_free_kbytes was most likely too high: {} ({} of RAM), where the kernel "
                    "itself chooses {}. So much stays free, and an ordinary request does not get "
                    "it.",
                    human(to_bytes(setting.value)), percent(*setting.share_of_ram),
                    evidence.default_min_free ? choice : tr("up to {}", choice)));
  result.prove(Message("vm.min_free_kbytes"), to_bytes(setting.value), setting.at);
  result.prove_ratio(Message("share of RAM that it keeps free"), *setting.share_of_ram, setting.at);
  weaken(result, Message("the zones (\"Node 0 Normal free: min:\")"),
         Message("less than {} was free", human(own + *evidence.ram / 20)));
  if (!evidence.constraint) {
    weaken(result, Message("the constraint line"), Message("it is not CONSTRAINT_NONE"));
  }
  result.remedies = {back_to_default()};
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || !evidence.min_free || evidence.request.order.value_or(0) > 3) {
    return std::nullopt;
  }
  if (!evidence.has_eligible()) {
    return by_setting(context);
  }
  const memory::MinFree& setting = *evidence.min_free;
  const std::string value = kb(to_bytes(setting.value));
  const std::string own_choice = kb(to_bytes(*evidence.default_min_free));
  if (!is_clearly_above(evidence)) {
    return refuse(evidence, Message("vm.min_free_kbytes was {}, as the kernel itself chooses here "
                                    "(up to {})",
                                    value, own_choice));
  }
  const Effect effect = effect_of(evidence);
  const Bytes managed = eligible_managed(evidence);
  if (!effect.all_short || share(effect.held_by_boost, managed) >= notable_share) {
    return refuse(evidence,
                  Message("vm.min_free_kbytes was {}, but a zone that the request may use "
                          "was above its min",
                          value));
  }
  const double gain = share(effect.out_of_reach, managed);
  const auto& request = effect.with_own.request;
  const bool decisive =
      request && request->passes_after && gain >= big_min_free && evidence.zones_complete;
  if (gain < notable_share) {
    return refuse(evidence,
                  Message("vm.min_free_kbytes was {}, more than the kernel's own choice of "
                          "{}, but it kept only {} out of reach",
                          value, own_choice, human(effect.out_of_reach)));
  }
  Claim result =
      claim(decisive ? Role::root : Role::contributing, Rank::out_of_reach, gain,
            setting.exact ? 0.99 : 0.95,
            decisive ? root_sentence(evidence, effect)
                     : Message("vm.min_free_kbytes was {}, the kernel's own choice here is "
                               "{}: it kept {} out of reach.",
                               value, own_choice, human(effect.out_of_reach)));
  add_proof(result, evidence, effect);
  if (decisive && *setting.share_of_ram > 1) {  // or RAM was taken away since it was set
    leave_open(result, Message("how much the balloon holds (the host tells, or \"Balloon:\" in "
                               "/proc/meminfo)"));
  }
  result.remedies = remedies(*evidence.default_min_free);
  return result;
}

// On a host: what the setting takes away before anything has failed.

struct Numbers {
  const memory::MinFree& setting;
  KiB own_choice;
  double of_ram = 0;
  bool fails_now = false;  // an ordinary request finds no zone, and would with the kernel's choice
  bool near = false;
};

// Where the kernel's own choice is known, the state says what it would change.
Numbers numbers_of(const memory::HostState& state) {
  Numbers numbers{*state.machine.min_free, *state.machine.default_min_free};
  numbers.of_ram = numbers.setting.share_of_ram.value_or(0);
  if (const auto& request = state.with_default->request) {
    numbers.fails_now = !request->passes_before && request->passes_after;
  }
  numbers.near = memory::is_near(state.kills_from, numbers.setting.value);
  return numbers;
}

void add_proof(Finding& finding, const HostContext& context, const Numbers& numbers) {
  const memory::HostState& state = context.state;
  const host::Meminfo& info = context.facts.host.meminfo;
  finding.prove(Message("vm.min_free_kbytes"), to_bytes(numbers.setting.value), numbers.setting.at);
  if (numbers.setting.share_of_ram) {
    finding.prove_ratio(Message("share of RAM"), numbers.of_ram, info.mem_total->at);
  }
  finding.prove(Message("the kernel's own choice here"), to_bytes(numbers.own_choice));
  if (state.free) {
    finding.prove(Message("MemFree"), *state.free, info.mem_free->at);
  }
  if (state.available) {
    finding.prove(Message("MemAvailable"), *state.available, info.mem_available->at);
  }
  if (state.available_with_default) {
    finding.prove(Message("MemAvailable with the kernel's own choice"),
                  *state.available_with_default);
  }
  finding.prove(Message("free memory out of reach of an ordinary request"),
                state.with_default->out_of_reach_before);
  finding.prove(Message("the same with the kernel's own choice"),
                state.with_default->out_of_reach_after);
  if (state.kills_from) {
    finding.prove(Message("as the host is now, the kernel kills from this value on"),
                  to_bytes(state.kills_from->value));
  }
}

// Where the value comes from decides how much a fix can do.
Message title_of(const HostContext& context) {
  const host::SysctlHistory& history = context.facts.min_free_history;
  const host::SysctlSetting* line = history.boot.winning();
  line = line != nullptr ? line : history.system.winning();
  if (line != nullptr) {
    return Message("Give the memory back for good ({}:{} sets it to {})", printable(line->real),
                   line->line, printable(line->value));
  }
  if (!context.facts.min_free_setters.empty()) {
    const host::SysctlSetter& setter = context.facts.min_free_setters.back();
    return Message("Give the memory back, and change {}:{}, where {} sets it",
                   printable(setter.file), setter.line, setter.program);
  }
  return Message("Give the memory back, and find the program that sets it: no file does");
}

Message sentence(const memory::HostState& state, const Numbers& numbers) {
  const std::string value = kb(to_bytes(numbers.setting.value));
  const std::string choice = kb(to_bytes(numbers.own_choice));
  if (numbers.fails_now) {
    return Message(
        "Memory is free, but vm.min_free_kbytes keeps it out of reach: it is {} ({} of "
        "RAM), the kernel's own choice here is {}. An ordinary request finds no zone above "
        "its mark now, so the kernel kills as soon as reclaim ends.",
        value, percent(numbers.of_ram), choice);
  }
  if (state.available && state.available_with_default) {
    return Message(
        "vm.min_free_kbytes is {} ({} of RAM), the kernel's own choice here is {}. {} are "
        "available; with the kernel's choice {} would be.",
        value, percent(numbers.of_ram), choice, human(*state.available),
        human(*state.available_with_default));
  }
  return Message("vm.min_free_kbytes is {} ({} of RAM), the kernel's own choice here is {}.", value,
                 percent(numbers.of_ram), choice);
}

Claim refuse(const Numbers& numbers, Message why) {
  Claim result = claim(Role::ruled_out, Rank::out_of_reach, 0, 0.97, std::move(why));
  result.prove(Message("vm.min_free_kbytes"), to_bytes(numbers.setting.value), numbers.setting.at);
  result.prove(Message("the kernel's own choice here"), to_bytes(numbers.own_choice));
  return result;
}

// 4 x sqrt(lowmem) is less than a twentieth from 6.25 MiB on, so what is clearly above that share
// of RAM is the choice of no kernel.
std::optional<Claim> by_value(const memory::HostState& state) {
  const auto& setting = state.machine.min_free;
  const double part = setting ? setting->share_of_ram.value_or(0) : 0;
  if (part <= most_by_itself * clearly_above_default) {
    return std::nullopt;
  }
  Claim result =
      claim(Role::risk, Rank::out_of_reach, part, 0.95,
            Message("vm.min_free_kbytes is {} ({} of RAM), the kernel's own choice here is {}.",
                    kb(to_bytes(setting->value)), percent(part),
                    tr("up to {}", kb(Bytes(state.ram->count() / 20)))));
  result.remedies = {back_to_default()};
  return result;
}

// MemAvailable is MemFree and a part of the cache less what the marks keep back
// (si_mem_available()), so at least the difference is kept back. The marks that a kernel makes
// itself and the reserves of lower zones come to less than a fifth of RAM.
std::optional<Claim> by_meminfo(const memory::HostState& state) {
  constexpr double much = 0.20;
  const Bytes kept = state.free && state.available ? *state.free - *state.available : Bytes(0);
  const double part = share(kept, *state.ram);
  if (part < much) {
    return std::nullopt;
  }
  Claim result = claim(Role::risk, Rank::out_of_reach, part, 0.9,
                       Message("At least {} ({} of RAM) are free and kept back by the watermarks: "
                               "vm.min_free_kbytes is too high, or vm.watermark_scale_factor.",
                               human(kept), percent(part)));
  result.remedy(Message("See on that machine which of the two it is"),
                {ShellCommand("sysctl vm.min_free_kbytes vm.watermark_scale_factor"),
                 ShellCommand("sudo whyoom check")});
  return result;
}

// Of a host whose zones nobody knows, as people post it.
std::vector<Claim> without_zones(const HostContext& context) {
  const memory::HostState& state = context.state;
  auto result = state.ram ? by_value(state) : std::nullopt;
  if (state.ram && !result) {
    result = by_meminfo(state);
  }
  if (!result) {
    return {};
  }
  const host::Meminfo& info = context.facts.host.meminfo;
  if (state.free) {
    result->prove(Message("MemFree"), *state.free, info.mem_free->at);
  }
  if (state.available) {
    result->prove(Message("MemAvailable"), *state.available, info.mem_available->at);
  }
  result->prove(Message("RAM"), *state.ram, info.mem_total->at);
  if (const auto& setting = state.machine.min_free) {
    result->prove(Message("vm.min_free_kbytes"), to_bytes(setting->value), setting->at);
  }
  return {*std::move(result)};
}

std::vector<Claim> check(const HostContext& context) {
  const memory::HostState& state = context.state;
  if (!state.with_default) {
    return without_zones(context);
  }
  const Numbers numbers = numbers_of(state);
  const std::string value = kb(to_bytes(numbers.setting.value));
  if (!is_clearly_above(state.machine)) {
    return {
        refuse(numbers, Message("vm.min_free_kbytes is {}, and the kernel itself chooses {} here",
                                value, kb(to_bytes(numbers.own_choice))))};
  }
  if (numbers.of_ram <= memory::strict_share && !numbers.near && !numbers.fails_now) {
    return {refuse(numbers, Message("vm.min_free_kbytes is {}, {} of RAM: within the 1 % that "
                                    "every recommendation allows",
                                    value, percent(numbers.of_ram)))};
  }
  if (numbers.of_ram <= memory::widest_share && !numbers.near && !numbers.fails_now) {
    return {refuse(numbers,
                   Message("vm.min_free_kbytes is {}, {} of RAM: above the 1 % of Tencent Cloud's "
                           "runbook, within the 1-3 % that AWS and Broadcom recommend",
                           value, percent(numbers.of_ram)))};
  }
  Claim result = claim(numbers.fails_now ? Role::root : Role::risk, Rank::out_of_reach,
                       numbers.of_ram, 0.99, sentence(state, numbers));
  add_proof(result, context, numbers);
  result.remedies = {set_remedy(title_of(context), "vm.min_free_kbytes",
                                static_cast<std::int64_t>(numbers.own_choice.count()))};
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_min_free_too_high{
    "min-free-too-high", 'A', "vm.min_free_kbytes keeps free memory out of reach", judge, check};

}  // namespace whyoom::diagnose::causes
