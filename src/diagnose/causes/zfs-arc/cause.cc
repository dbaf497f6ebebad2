#include <algorithm>
#include <string>

#include "diagnose/claim.h"
#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

constexpr double scarce_share = 0.10;  // of RAM is available on a host

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  const auto& stack = context.report.stack;
  if (account == nullptr || !stack) {
    return std::nullopt;
  }
  const bool zfs = std::ranges::any_of(stack->functions, [](const std::string& function) {
    return function.starts_with("arc_") || function.starts_with("zfs_") ||
           function.starts_with("spl_") || function.starts_with("zpl_") ||
           function.starts_with("abd_") || function.find("[zfs]") != std::string::npos;
  });
  const double part = share(account->size(What::unaccounted), account->total);
  if (!zfs || part < big_share || !account->hugepages_known || !context.report.tail.ram) {
    return std::nullopt;
  }
  Claim result = claim(
      Role::contributing, Rank::used_up, part + 0.002, 0.8,
      Message("{} of RAM ({}) are in no counter, and ZFS was at work: its cache (ARC) takes pages "
              "outside the kernel's counters.",
              human(account->size(What::unaccounted)), percent(part)));
  result.prove(Message("in no counter"), account->size(What::unaccounted));
  result.prove(Message("stack of the request, with ZFS in it"),
               std::uint64_t{stack->functions.size()}, stack->at);
  result.remedy(Message("Limit the cache"),
                {ShellCommand("cat /proc/spl/kstat/zfs/arcstats | grep -E '^(size|c_max)'"),
                 ShellCommand("echo <bytes> | sudo tee /sys/module/zfs/parameters/zfs_arc_max")});
  return result;
}

// On a host arcstats has the number. A large cache is no fault while ordinary memory is there.
std::vector<Claim> check(const HostContext& context) {
  const host::ZfsArc& arc = context.facts.host.zfs_arc;
  const host::Meminfo& info = context.facts.host.meminfo;
  if (!arc.size || !info.mem_total || !context.state.available) {
    return {};
  }
  const HostShare held{arc.size->value, to_bytes(info.mem_total->value), arc.size->at,
                       info.mem_total->at};
  const bool scarce = share(*context.state.available, held.ram) < scarce_share;
  const Bytes least = arc.least ? arc.least->value : Bytes(0);
  Claim result = share_claim(
      Rank::used_up, held, scarce ? big_on_host : 2, Message("the cache of ZFS (ARC)"),
      Message("ZFS holds {} of RAM ({}) in its cache (ARC), which no counter of /proc/meminfo has, "
              "and {} are available besides. It gives back up to {} when the kernel asks, and a "
              "burst can be faster.",
              human(held.size), percent(held.part()), human(*context.state.available),
              human(held.size - least)));
  result.prove(Message("available"), info.mem_available);
  result.prove(Message("it shrinks to (c_min)"), arc.least);
  result.prove(Message("it may grow to (c_max)"), arc.most);
  if (result.role == Role::risk) {
    result.remedy(Message("Limit the cache to a quarter of RAM, or to what the host can spare"),
                  {ShellCommand("echo {} | sudo tee /sys/module/zfs/parameters/zfs_arc_max",
                                held.ram.count() / 4)});
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_zfs_arc{"zfs-arc", 'B', "the ZFS cache holds the memory", judge, check};

}  // namespace whyoom::diagnose::causes
