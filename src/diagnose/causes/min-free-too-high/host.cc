// The same cause on a host: what the setting takes away before anything has failed.
#include "diagnose/causes/min-free-too-high/host.h"

#include <string>

#include "base/text.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "min-free-too-high";
constexpr double clearly_above_default = 1.25;
// Tencent Cloud's runbook allows 1 % of RAM; AWS (for ENA) and Broadcom (Greenplum) ask for 1-3 %.
constexpr double strict_rule = 0.01;
constexpr double widest_rule = 0.03;

struct Numbers {
  const memory::HostMinFree& setting;
  KiB own_choice;
  double of_ram = 0;
  bool fails_now = false;  // an ordinary request finds no zone, and would with the kernel's choice
  bool near = false;
};

Numbers numbers_of(const memory::HostState& state) {
  Numbers numbers{*state.min_free, *state.min_free->kernel_default};
  numbers.of_ram = state.min_free->share_of_ram.value_or(0);
  if (state.with_default && state.with_default->request) {
    const auto& request = *state.with_default->request;
    numbers.fails_now = !request.passes_before && request.passes_after;
  }
  numbers.near = memory::is_near(state.kills_from, numbers.setting.value);
  return numbers;
}

void add_proof(Finding& finding, const HostContext& context, const Numbers& numbers) {
  const memory::HostState& state = context.state;
  const host::Meminfo& info = context.facts.host.meminfo;
  auto& proofs = finding.proof;
  proofs.push_back(
      proof(Message("vm.min_free_kbytes"), to_bytes(numbers.setting.value), numbers.setting.at));
  if (numbers.setting.share_of_ram) {
    proofs.push_back(proof_ratio(Message("share of RAM"), numbers.of_ram, info.mem_total->at));
  }
  proofs.push_back(proof(Message("the kernel's own choice here"), to_bytes(numbers.own_choice)));
  if (state.free) {
    proofs.push_back(proof(Message("MemFree"), *state.free, info.mem_free->at));
  }
  if (state.available) {
    proofs.push_back(proof(Message("MemAvailable"), *state.available, info.mem_available->at));
  }
  if (state.available_with_default) {
    proofs.push_back(
        proof(Message("MemAvailable with the kernel's own choice"), *state.available_with_default));
  }
  if (state.with_default) {
    proofs.push_back(proof(Message("free memory out of reach of an ordinary request"),
                           state.with_default->out_of_reach_before));
    proofs.push_back(proof(Message("the same with the kernel's own choice"),
                           state.with_default->out_of_reach_after));
  }
  if (state.kills_from) {
    proofs.push_back(proof(Message("as the host is now, the kernel kills from this value on"),
                           to_bytes(state.kills_from->value)));
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
  Claim result = claim(id, Role::ruled_out, Rank::out_of_reach, 0, 0.97, std::move(why));
  result.finding.proof.push_back(
      proof(Message("vm.min_free_kbytes"), to_bytes(numbers.setting.value), numbers.setting.at));
  result.finding.proof.push_back(
      proof(Message("the kernel's own choice here"), to_bytes(numbers.own_choice)));
  return result;
}

}  // namespace

std::vector<Claim> min_free_on_host(const HostContext& context) {
  const memory::HostState& state = context.state;
  if (!state.min_free || !state.min_free->kernel_default) {
    return {};
  }
  const Numbers numbers = numbers_of(state);
  const double times = static_cast<double>(numbers.setting.value.count()) /
                       static_cast<double>(std::max<std::uint64_t>(numbers.own_choice.count(), 1));
  const std::string value = kb(to_bytes(numbers.setting.value));
  if (times <= clearly_above_default) {
    return {
        refuse(numbers, Message("vm.min_free_kbytes is {}, and the kernel itself chooses {} here",
                                value, kb(to_bytes(numbers.own_choice))))};
  }
  if (numbers.of_ram <= strict_rule && !numbers.near && !numbers.fails_now) {
    return {refuse(numbers, Message("vm.min_free_kbytes is {}, {} of RAM: within the 1 % that "
                                    "every recommendation allows",
                                    value, percent(numbers.of_ram)))};
  }
  if (numbers.of_ram <= widest_rule && !numbers.near && !numbers.fails_now) {
    return {refuse(numbers,
                   Message("vm.min_free_kbytes is {}, {} of RAM: above the 1 % of Tencent Cloud's "
                           "runbook, within the 1-3 % that AWS and Broadcom recommend",
                           value, percent(numbers.of_ram)))};
  }
  Claim result = claim(id, numbers.fails_now ? Role::root : Role::risk, Rank::out_of_reach,
                       numbers.of_ram, state.with_default ? 0.99 : 0.9, sentence(state, numbers));
  add_proof(result.finding, context, numbers);
  result.finding.remedies = {set_remedy(title_of(context), "vm.min_free_kbytes",
                                        static_cast<std::int64_t>(numbers.own_choice.count()))};
  return {std::move(result)};
}

}  // namespace whyoom::diagnose::causes
