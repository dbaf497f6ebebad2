#include <string>

#include "diagnose/host_share.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "shmem-tmpfs";

constexpr double big_share = 0.25;  // of RAM
constexpr double notable_share = 0.10;

using What = memory::AccountLine::What;

void add_proof(Finding& finding, const Context& context, const memory::Account& account,
               Bytes size) {
  finding.proof.push_back(proof(Message("shared memory"), size, account.at(What::shmem)));
  finding.proof.push_back(proof(Message("RAM that the kernel manages"), account.total));
  finding.proof.push_back(proof(Message("memory of the processes themselves"),
                                account.size(What::anon), account.at(What::anon)));
  if (context.evidence.swap_free && context.report.tail.free_swap_kib) {
    finding.proof.push_back(proof(Message("swap that could take it"), *context.evidence.swap_free,
                                  context.report.tail.free_swap_kib->at));
  }
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  const Bytes size = account->size(What::shmem);
  const double part = share(size, account->total);
  const std::string text = human(size);
  if (part < notable_share) {
    Claim result = claim(id, Role::ruled_out, Rank::used_up, part, 0.95,
                         Message("shared memory holds {} ({} of RAM)", text, percent(part)));
    add_proof(result.finding, context, *account, size);
    return result;
  }
  Claim result =
      claim(id, part >= big_share ? Role::root : Role::contributing, Rank::used_up, part, 0.95,
            Message("{} of RAM ({}) are shared memory: files in tmpfs, System V or memfd segments. "
                    "Killing a process does not free it.",
                    text, percent(part)));
  add_proof(result.finding, context, *account, size);
  Remedy remedy;
  remedy.title = Message("Find the files and segments, remove what is not needed, limit the tmpfs");
  remedy.commands = {ShellCommand("df -h -t tmpfs"), ShellCommand("ipcs -m"),
                     ShellCommand("sudo mount -o remount,size=<limit> <tmpfs>")};
  result.finding.remedies.push_back(remedy);
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const auto shmem = host_share(context, context.facts.host.meminfo.shmem);
  if (!shmem) {
    return {};
  }
  Claim result = share_claim(
      id, Rank::used_up, *shmem, big_on_host, Message("shared memory"),
      Message("{} of RAM ({}) are shared memory: files in tmpfs, System V or memfd segments. It "
              "counts as cache, and without swap nothing can take it back.",
              human(shmem->size), percent(shmem->part())));
  if (result.finding.role == Role::risk) {
    Remedy remedy;
    remedy.title =
        Message("Find the files and segments, remove what is not needed, limit the tmpfs");
    remedy.commands = {ShellCommand("df -h -t tmpfs"), ShellCommand("ipcs -m")};
    result.finding.remedies.push_back(remedy);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_shmem_tmpfs;
const Cause cause_shmem_tmpfs{id, 'B', "shared memory (tmpfs, System V, memfd) holds the memory",
                              judge, check};

}  // namespace whyoom::diagnose::causes
