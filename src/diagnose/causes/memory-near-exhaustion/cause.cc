#include <algorithm>

#include "diagnose/claim.h"
#include "diagnose/host_users.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double little_available = 0.05;  // of RAM
constexpr double little_swap = 0.10;       // of the swap, free
constexpr std::size_t most_programs = 3;

// Anonymous memory has nowhere to go.
bool swap_helps(const host::Meminfo& info) {
  return info.swap_total && info.swap_free && info.swap_total->value > KiB(0) &&
         share(info.swap_free->value, info.swap_total->value) >= little_swap;
}

void add_proof(Finding& finding, const HostContext& context) {
  const memory::HostState& state = context.state;
  const host::Meminfo& info = context.facts.host.meminfo;
  finding.prove(Message("MemAvailable"), *state.available, info.mem_available->at);
  finding.prove(Message("MemTotal"), *state.ram, info.mem_total->at);
  if (state.available_with_default) {
    finding.prove(Message("MemAvailable with the kernel's own choice of vm.min_free_kbytes"),
                  *state.available_with_default);
  }
  if (info.swap_total && info.swap_free) {
    finding.prove(Message("swap"), info.swap_total);
    finding.prove(Message("swap free"), info.swap_free);
  }
}

Message sentence(const memory::HostState& state, const std::vector<MemoryUser>& programs) {
  const std::string available = human(*state.available);
  const std::string part = percent(share(*state.available, *state.ram));
  if (programs.empty()) {
    return Message(
        "Only {} ({} of RAM) are available, and there is no swap left: the next OOM is "
        "near.",
        available, part);
  }
  const MemoryUser& first = programs.front();
  return Message(
      "Only {} ({} of RAM) are available, and there is no swap left: the next OOM is "
      "near. {} has most: {} in {}.",
      available, part, first.name, human(first.memory),
      plural(first.processes, "process", "processes"));
}

std::vector<Claim> check(const HostContext& context) {
  const memory::HostState& state = context.state;
  const host::Meminfo& info = context.facts.host.meminfo;
  // Without the swap's numbers nothing says that anonymous memory cannot leave.
  if (!state.available || !state.ram || !info.swap_total || !info.swap_free) {
    return {};
  }
  const double part = share(*state.available, *state.ram);
  // What min_free_kbytes takes away is not used up: that is its own cause. When it cannot be told,
  // all free memory may be held back.
  const auto& otherwise = state.available_with_default ? state.available_with_default : state.free;
  const Bytes with_default = std::max(*state.available, otherwise.value_or(*state.available));
  const bool held_back = share(with_default, *state.ram) >= little_available;
  if (part >= little_available || held_back || swap_helps(info)) {
    Claim refused = claim(
        Role::ruled_out, Rank::used_up, 0, 0.95,
        part >= little_available
            ? Message("{} ({} of RAM) are available", human(*state.available), percent(part))
        : held_back ? Message("{} are available, and {} would be with the kernel's own choice of "
                              "vm.min_free_kbytes: memory is held back, not used up",
                              human(*state.available), human(with_default))
                    : Message("{} are available, but {} of swap are free", human(*state.available),
                              human(to_bytes(info.swap_free->value))));
    add_proof(refused, context);
    return {std::move(refused)};
  }
  const auto programs = biggest_programs(context.facts.host, most_programs, context.sources);
  Claim result = claim(Role::risk, Rank::used_up, 1 - part, 0.9, sentence(state, programs));
  add_proof(result, context);
  for (const MemoryUser& program : programs) {
    result.prove(
        Message("{} ({})", program.name, plural(program.processes, "process", "processes")),
        program.memory, program.at);
  }
  if (const auto group = biggest_cgroup(context.facts.host)) {
    result.prove(Message("the cgroup {}", group->name), group->memory, group->at);
  }
  result.remedy(
      Message("Make room before the kernel does: stop or limit what has most, add swap or memory"),
      {ShellCommand("ps -eo rss,pid,comm --sort -rss | head")});
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_memory_near_exhaustion{
    "memory-near-exhaustion", 'F', "little memory is available, and no swap", nullptr, check};

}  // namespace whyoom::diagnose::causes
