#include <algorithm>

#include "diagnose/host_share.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "unevictable";

using What = memory::AccountLine::What;

constexpr double big_share = 0.25;  // of RAM

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  const Bytes locked = account->size(What::unevictable_other);
  const Bytes anon = account->size(What::anon);
  const double part = share(locked, account->total);
  const bool root = part >= big_share && locked > anon;
  // It holds the memory that memory-exhausted counts, and says more of it.
  const double strength = share(locked + anon, account->total) + 0.002;
  Claim result = claim(
      id, root ? Role::root : Role::ruled_out, Rank::used_up, strength, 0.93,
      root ? Message("{} of RAM ({}) are locked (mlock, ramfs or pinned): the kernel may neither "
                     "swap nor drop them.",
                     human(locked), percent(part))
           : Message("{} ({} of RAM) are locked", human(locked), percent(part)));
  result.finding.proof.push_back(
      proof(Message("unevictable"), locked, account->at(What::unevictable_other)));
  result.finding.proof.push_back(
      proof(Message("other memory of processes"), anon, account->at(What::anon)));
  if (root) {
    Remedy remedy;
    remedy.title = Message("Limit what may be locked (RLIMIT_MEMLOCK), or lock less");
    remedy.commands = {ShellCommand(
        "grep -l VmLck /proc/[0-9]*/status | xargs grep -H VmLck | sort -k2 -n | tail")};
    result.finding.remedies.push_back(remedy);
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const auto locked = host_share(context, host.meminfo.unevictable);
  if (!locked) {
    return {};
  }
  Claim result = share_claim(
      id, Rank::used_up, *locked, big_on_host, Message("unevictable"),
      Message("{} of RAM ({}) are locked (mlock, ramfs or pinned): the kernel may neither swap nor "
              "drop them.",
              human(locked->size), percent(locked->part())));
  if (result.finding.role == Role::risk) {
    const auto size = [](const host::Process& each) { return each.locked.value_or(KiB(0)); };
    const auto most = std::ranges::max_element(host.processes.all, {}, size);
    if (most != host.processes.all.end() && size(*most) > KiB(0)) {
      const std::string path = host::path_of(most->pid, host::ProcessFile::status);
      result.finding.proof.push_back(
          proof(Message("locked by {}", process(most->comm.view(), most->pid)),
                to_bytes(size(*most)), {context.sources.add(path), 0}));
    }
    Remedy remedy;
    remedy.title = Message("Limit what may be locked (RLIMIT_MEMLOCK), or lock less");
    remedy.commands = {ShellCommand("grep -H VmLck /proc/[0-9]*/status | sort -k2 -n | tail")};
    result.finding.remedies.push_back(remedy);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_unevictable;
const Cause cause_unevictable{id, 'B', "locked pages hold the memory", judge, check};

}  // namespace whyoom::diagnose::causes
