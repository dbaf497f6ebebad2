#include <string>

#include "base/text.h"
#include "diagnose/claim.h"
#include "diagnose/host_users.h"
#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr int never = -1000;        // oom_score_adj
constexpr double big_share = 0.20;  // of RAM, or of the cgroup's limit

std::optional<Bytes> room(const Context& context) {
  if (is_memcg_oom(context)) {
    const auto& memcg = context.report.memcg;
    return memcg && memcg->memory.limit_kib
               ? std::optional(to_bytes(KiB(memcg->memory.limit_kib->value)))
               : std::nullopt;
  }
  return context.evidence.ram;
}

std::optional<Claim> judge(const Context& context) {
  const auto& biggest = context.evidence.attribution.biggest;
  const auto whole = room(context);
  if (!is_oom(context) || is_sysrq(context.report) || !biggest || !whole) {
    return std::nullopt;
  }
  const report::Task& task = *biggest->task;
  const double part = share(biggest->memory(), *whole);
  const bool protects = task.oom_score_adj <= never && part >= big_share;
  const std::string who = process(task.comm, task.pid);
  Message sentence("the biggest process, {}, holds only {}", who, human(biggest->memory()));
  if (protects) {
    sentence = Message(
        "The biggest process, {}, holds {} and may not be killed (oom_score_adj {}): others die "
        "for "
        "it.",
        who, human(biggest->memory()), task.oom_score_adj);
  } else if (part >= big_share) {
    sentence = Message("the biggest process, {}, may be killed (oom_score_adj {})", who,
                       task.oom_score_adj);
  }
  Claim result =
      claim(protects ? Role::contributing : Role::ruled_out, Rank::used_up, part, 0.95, sentence);
  result.prove(Message("memory of {}", who), biggest->memory(), {0, task.line});
  result.prove(Message("its oom_score_adj"), task.oom_score_adj, {0, task.line});
  if (protects) {  // its pid may be another's by now
    result.remedy(
        Message("Protect only what must live: set OOMScoreAdjust= of the unit of {} above "
                "-1000",
                printable(task.comm)));
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Process* biggest = biggest_process(context.facts.host);
  const auto& ram = context.state.ram;
  if (biggest == nullptr || !ram || !biggest->oom_score_adj) {
    return {};
  }
  const Bytes memory = own_memory(*biggest);
  const double part = share(memory, *ram);
  const bool protects = *biggest->oom_score_adj <= never && part >= big_on_host;
  const std::string who = process(biggest->comm.view(), biggest->pid);
  Claim result = claim(
      protects ? Role::risk : Role::ruled_out, Rank::used_up, protects ? part : 0, 0.9,
      protects ? Message("The biggest process, {}, holds {} ({} of RAM) and may not be killed "
                         "(oom_score_adj {}): on an OOM others die for it.",
                         who, human(memory), percent(part), *biggest->oom_score_adj)
               : Message("the biggest process, {}, holds {} ({} of RAM), oom_score_adj {}", who,
                         human(memory), percent(part), *biggest->oom_score_adj));
  const auto file = [&](host::ProcessFile kind) {
    return context.sources.add(host::path_of(biggest->pid, kind));
  };
  result.prove(Message("memory of {}", who), memory, {file(host::ProcessFile::status), 0});
  result.prove(Message("its oom_score_adj"), *biggest->oom_score_adj,
               {file(host::ProcessFile::oom_score_adj), 1});
  if (protects) {
    result.remedy(Message("Protect only what must live: raise oom_score_adj above -1000"),
                  {ShellCommand("echo 0 | sudo tee /proc/{}/oom_score_adj", biggest->pid)});
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_unkillable_hog{
    "unkillable-hog", 'B', "the biggest process may not be killed, so others die", judge, check};

}  // namespace whyoom::diagnose::causes
