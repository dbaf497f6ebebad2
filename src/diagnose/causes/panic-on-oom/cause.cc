#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "panic-on-oom";

using Reason = report::Panic::Reason;

std::optional<Claim> judge(const Context& context) {
  const auto& panic = context.report.panic;
  if (!panic || (panic->reason != Reason::panic_on_oom_system_wide &&
                 panic->reason != Reason::panic_on_oom_compulsory)) {
    return std::nullopt;
  }
  const bool always = panic->reason == Reason::panic_on_oom_compulsory;
  Claim result = claim(
      id, Role::consequence, Rank::asked_for, 0, 0.99,
      always
          ? Message("vm.panic_on_oom is 2: the kernel panicked in place of killing a process. It "
                    "restarts only if kernel.panic is not 0.")
          : Message("vm.panic_on_oom is 1: the kernel panicked in place of killing a process. It "
                    "restarts only if kernel.panic is not 0."));
  Proof setting;
  setting.what = Message("vm.panic_on_oom, from the panic's text");
  setting.value = always ? 2 : 1;
  setting.unit = Unit::count;
  setting.at = panic->at;
  result.finding.proof.push_back(std::move(setting));
  Remedy remedy;
  remedy.title = Message("Let the kernel kill one process in place of the machine");
  remedy.setting = Setting{"vm.panic_on_oom", 0};
  remedy.commands = {"sudo sysctl -w vm.panic_on_oom=0"};
  result.finding.remedies.push_back(remedy);
  return result;
}

}  // namespace

extern const Cause cause_panic_on_oom;
const Cause cause_panic_on_oom{id,   'E',  "vm.panic_on_oom turned the OOM into a panic",
                               judge};

}  // namespace whyoom::diagnose::causes
