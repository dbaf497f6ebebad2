#include "base/language.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

using Reason = report::Panic::Reason;

Remedy kill_one() {
  return set_remedy(Message("Let the kernel kill one process instead of the machine"),
                    "vm.panic_on_oom", 0);
}

std::optional<Claim> judge(const Context& context) {
  const auto& panic = context.report.panic;
  if (!panic || (panic->reason != Reason::panic_on_oom_system_wide &&
                 panic->reason != Reason::panic_on_oom_compulsory)) {
    return std::nullopt;
  }
  const bool always = panic->reason == Reason::panic_on_oom_compulsory;
  Claim result =
      claim(Role::consequence, Rank::asked_for, 0, 0.99,
            Message("vm.panic_on_oom is {}: the kernel panicked instead of killing a process.{}",
                    always ? "2" : "1",
                    panic->restart_seconds || panic->halted_at
                        ? std::string()  // the log tells
                        : tr(" It restarts only if kernel.panic is not 0.")));
  result.prove(Message("vm.panic_on_oom, from the panic's text"), always ? 2 : 1, panic->at);
  result.remedies.push_back(kill_one());
  return result;
}

// kernel/panic.c: 0 waits for ever, a negative number restarts at once.
Message what_happens(bool always, const host::Settings::Number& timeout) {
  const std::string value = always ? "2" : "1";
  const std::string when = always ? tr("on every OOM, also at a cgroup's limit")
                                  : tr("when the whole machine is short of memory");
  if (!timeout) {
    return Message("vm.panic_on_oom is {}: {} the kernel panics instead of killing a process.",
                   value, when);
  }
  if (timeout->value == 0) {
    return Message(
        "vm.panic_on_oom is {}: {} the kernel panics instead of killing a process. "
        "kernel.panic is 0, so the machine then hangs until somebody resets it.",
        value, when);
  }
  if (timeout->value < 0) {
    return Message(
        "vm.panic_on_oom is {}: {} the kernel panics instead of killing a process. "
        "kernel.panic is {}, so the machine then restarts at once.",
        value, when, timeout->value);
  }
  return Message(
      "vm.panic_on_oom is {}: {} the kernel panics instead of killing a process. "
      "kernel.panic is {}, so the machine then restarts after {} s.",
      value, when, timeout->value, timeout->value);
}

std::vector<Claim> check(const HostContext& context) {
  const host::Settings& settings = context.facts.host.settings;
  const auto& mode = settings.panic_on_oom;
  if (!mode || mode->value < 0) {
    return {};
  }
  const bool panics = mode->value > 0;
  Claim result =
      claim(panics ? Role::risk : Role::ruled_out, Rank::asked_for, 0.5, 0.99,
            panics ? what_happens(mode->value >= 2, settings.panic)
                   : Message("vm.panic_on_oom is 0: the kernel kills a process and runs on"));
  result.prove(Message("vm.panic_on_oom"), mode);
  result.prove(Message("kernel.panic: seconds to the restart"), settings.panic);
  if (panics) {
    result.remedies.push_back(kill_one());
    if (settings.panic && settings.panic->value == 0) {
      result.remedies.push_back(set_remedy(
          Message("If the panic is wanted, let the machine restart after it"), "kernel.panic", 10));
    }
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_panic_on_oom{"panic-on-oom", 'E',
                                      "vm.panic_on_oom turned the OOM into a panic", judge, check};

}  // namespace whyoom::diagnose::causes
