#include <algorithm>
#include <string>

#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "zfs-arc";

using What = memory::AccountLine::What;

constexpr double big_share = 0.25;  // of RAM in no counter

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
      id, Role::contributing, Rank::used_up, part + 0.002, 0.8,
      Message("{} of RAM ({}) are in no counter, and ZFS was at work: its cache (ARC) takes pages "
              "outside the kernel's counters.",
              human(account->size(What::unaccounted)), percent(part)));
  result.finding.proof.push_back(proof(Message("in no counter"), account->size(What::unaccounted)));
  result.finding.proof.push_back(proof(Message("stack of the request, with ZFS in it"),
                                       std::uint64_t{stack->functions.size()}, stack->at));
  Remedy remedy;
  remedy.title = Message("Limit the cache");
  remedy.commands = {"cat /proc/spl/kstat/zfs/arcstats | grep -E '^(size|c_max)'",
                     "echo <bytes> | sudo tee /sys/module/zfs/parameters/zfs_arc_max"};
  result.finding.remedies.push_back(remedy);
  return result;
}

}  // namespace

extern const Cause cause_zfs_arc;
const Cause cause_zfs_arc{id, 'B', "the ZFS cache holds the memory", judge};

}  // namespace whyoom::diagnose::causes
