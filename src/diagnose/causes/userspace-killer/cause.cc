#include <string>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

Message told(const report::UserspaceKill& kill, bool alone) {
  const std::string killer = printable(kill.killer);
  const std::string victim = kill.victim.empty() ? tr("a process") : printable(kill.victim);
  if (!alone) {
    return Message("{} had sent {} a signal, too, which the kernel's OOM killer killed.", killer,
                   victim);
  }
  if (kill.by_command) {
    return Message("{} ran a command that it is configured with, not the kernel's OOM killer.",
                   killer);
  }
  if (kill.failed) {
    return Message("{} tried to kill {}, and failed at least once.", killer, victim);
  }
  return kill.reason.empty() ? Message("{} killed {}, not the kernel's OOM killer.", killer, victim)
                             : Message("{} killed {}, not the kernel's OOM killer. Its reason: {}.",
                                       killer, victim, printable(kill.reason));
}

std::optional<Claim> judge(const Context& context) {
  const auto& kill = context.report.userspace;
  if (!kill) {
    return std::nullopt;
  }
  Claim result = claim(Role::consequence, Rank::asked_for, 0, 0.97,
                       told(*kill, context.report.kind == report::Kind::userspace_kill));
  const auto add_percent = [&](const std::string& what, const std::optional<double>& value) {
    if (value) {
      result.prove_ratio(Message("{}", what), *value / 100, kill->at);
    }
  };
  add_percent(tr("memory pressure"), kill->pressure_percent);
  add_percent(tr("its limit of memory pressure"), kill->pressure_limit_percent);
  add_percent(tr("memory available"), kill->mem_available_percent);
  add_percent(tr("swap free"), kill->swap_free_percent);
  const auto add_bytes = [&](const std::string& what, const std::optional<std::uint64_t>& value) {
    if (value) {
      result.prove(Message("{}", what), Bytes(*value), kill->at);
    }
  };
  add_bytes(tr("resident memory of what it killed"), kill->victim_resident);
  add_bytes(tr("swap of what it killed"), kill->victim_swap);
  add_bytes(tr("memory used"), kill->mem_used);
  add_bytes(tr("memory in all"), kill->mem_total);
  add_bytes(tr("swap used"), kill->swap_used);
  add_bytes(tr("swap in all"), kill->swap_total);
  if (result.proof.empty()) {
    result.prove(Message("its message"), std::uint64_t{1}, kill->at);
  }
  return result;
}

}  // namespace

extern const Cause cause_userspace_killer{"userspace-killer", 'E',
                                          "a killer in user space, not the kernel", judge};

}  // namespace whyoom::diagnose::causes
