#include "base/text.h"
#include "diagnose/claim.h"
#include "memory/vendor_rules.h"

namespace whyoom::diagnose::causes {

namespace {

// What the next boot leaves in vm.min_free_kbytes; nullopt: it cannot be told.
std::optional<KiB> after_boot(const HostContext& context) {
  if (const auto text = context.facts.min_free_history.value_after_boot()) {
    const auto number = host::parse_sysctl_integer(*text);
    return number && *number >= 0 ? std::optional(KiB(static_cast<std::uint64_t>(*number)))
                                  : std::nullopt;
  }
  // The kernel's choice depends on huge pages: a kernel without them has no such file.
  return context.facts.host.transparent_huge ? context.state.machine.default_min_free
                                             : std::nullopt;
}

// khugepaged raises a smaller setting when it starts, so the running value is the larger one. When
// the kernel's own choice is not known, this can be it.
bool raised_by_khugepaged(KiB running, KiB from_file, const memory::Machine& machine) {
  return from_file < running && (machine.has_default_min_free() || !machine.default_min_free);
}

// Nobody set it: memory that came or went since the kernel chose makes such a difference.
bool is_about(KiB running, KiB next) {
  return running <= next + next / 4 && next <= running + running / 4;
}

void add_lines(Finding& finding, const HostContext& context) {
  for (const auto& line : context.facts.min_free_history.boot.settings) {
    const auto value = host::parse_sysctl_integer(line.value);
    if (!value || *value < 0) {
      continue;
    }
    const bool wins = line.fate == host::SysctlSetting::Fate::wins;
    finding.prove(
        wins ? Message("the line that decides at boot") : Message("a line that does not decide"),
        to_bytes(KiB(static_cast<std::uint64_t>(*value))),
        {context.sources.add(line.real), line.line});
  }
  for (const auto& setter : context.facts.min_free_setters) {
    finding.prove(Message("a line of {} that names the key", setter.program), std::uint64_t{1},
                  {context.sources.add(setter.file), setter.line});
  }
}

std::vector<Claim> check(const HostContext& context) {
  const auto& setting = context.state.machine.min_free;
  if (!setting) {
    return {};
  }
  const auto next = after_boot(context);
  if (!next) {
    return {};
  }
  const bool from_file = context.facts.min_free_history.value_after_boot().has_value();
  const std::string running = kb(to_bytes(setting->value));
  const std::string later = kb(to_bytes(*next));
  if (setting->value == *next || (!from_file && is_about(setting->value, *next)) ||
      raised_by_khugepaged(setting->value, *next, context.state.machine)) {
    Claim same = claim(Role::ruled_out, Rank::used_up, 0, 0.95,
                       Message("vm.min_free_kbytes is {}, as the next boot makes it", running));
    same.prove(Message("vm.min_free_kbytes now"), to_bytes(setting->value), setting->at);
    return {std::move(same)};
  }
  Claim result = claim(
      Role::risk, Rank::used_up, 0.3, from_file ? 0.95 : 0.7,
      from_file
          ? Message("vm.min_free_kbytes is {} now, and the next boot sets {}.", running, later)
          : Message("vm.min_free_kbytes is {} now. No sysctl file sets it, so the next boot "
                    "leaves the kernel's own choice of about {}, unless a program sets it again.",
                    running, later));
  result.prove(Message("vm.min_free_kbytes now"), to_bytes(setting->value), setting->at);
  result.prove(Message("after the next boot"), to_bytes(*next));
  add_lines(result, context);
  // A running value that is itself too high is not worth keeping.
  if (context.state.machine.has_default_min_free() ||
      setting->share_of_ram.value_or(1) <= memory::widest_share) {
    result.remedies = {set_remedy(Message("Make the next boot set what is in force now"),
                                  "vm.min_free_kbytes",
                                  static_cast<std::int64_t>(setting->value.count()))};
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_min_free_drift{
    "min-free-drift", 'F', "vm.min_free_kbytes is not what the next boot makes it", nullptr, check};

}  // namespace whyoom::diagnose::causes
