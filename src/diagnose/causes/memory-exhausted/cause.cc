#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

constexpr double big_share = 0.25;   // of RAM in processes
constexpr double file_share = 0.25;  // page cache that could have been dropped

void add_biggest(Finding& finding, const memory::Evidence& evidence) {
  const auto& biggest = evidence.attribution.biggest;
  if (biggest) {
    finding.prove(Message("biggest process, {}", process(biggest->task->comm, biggest->task->pid)),
                  biggest->memory(), {0, biggest->task->line});
    return;
  }
  for (const auto& victim : evidence.report->victims) {
    finding.prove(Message("killed {}", process(victim.comm, victim.pid)),
                  to_bytes(KiB(victim.anon_rss_kib.value_or(0))), victim.at);
  }
}

Message sentence(const memory::Evidence& evidence, Bytes processes, double part) {
  const auto& biggest = evidence.attribution.biggest;
  if (!biggest) {
    return Message("Memory was used up by processes: they held {} ({} of RAM).", human(processes),
                   percent(part));
  }
  return Message(
      "Memory was used up by processes: they held {} ({} of RAM). The biggest, {}, had {}.",
      human(processes), percent(part), process(biggest->task->comm, biggest->task->pid),
      human(biggest->memory()));
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  // Locked pages of processes lie on the unevictable list.
  const Bytes processes = account->size(What::anon) + account->size(What::unevictable_other);
  const double part = share(processes, account->total);
  const Bytes file = account->size(What::file);
  const bool cache_left = share(file, account->total) >= file_share;
  // A report without its end can lack the rows that name many processes.
  const auto& report = context.report;
  const bool has_end = !report.victims.empty() || report.constraint || report.panic;
  // When more is in no counter than in processes, they are not the answer.
  const bool most = processes >= account->size(What::unaccounted);
  const bool root = part >= big_share && !cache_left && has_end && most;
  Claim result = claim(root ? Role::root : Role::ruled_out, Rank::used_up, part, 0.95,
                       root         ? sentence(context.evidence, processes, part)
                       : cache_left ? Message("{} of page cache were left", human(file))
                                    : Message("processes held only {} ({} of RAM)",
                                              human(processes), percent(part)));
  result.prove(Message("memory of processes"), processes, account->at(What::anon));
  result.prove(Message("RAM that the kernel manages"), account->total,
               context.report.tail.ram ? context.report.tail.ram->at : Place{});
  result.prove(Message("page cache left"), file, account->at(What::file));
  result.prove(Message("free"), account->size(What::free), account->at(What::free));
  if (root) {
    add_biggest(result, context.evidence);
    result
        .remedy(Message("Give the machine more memory or swap, or limit the biggest process"),
                {ShellCommand("ps -eo pid,rss,comm --sort=-rss | head")})
        .assume = "ram=+" + std::to_string(account->total.count() / 4);
  }
  return result;
}

}  // namespace

extern const Cause cause_memory_exhausted{"memory-exhausted", 'B', "processes used up the memory",
                                          judge};

}  // namespace whyoom::diagnose::causes
