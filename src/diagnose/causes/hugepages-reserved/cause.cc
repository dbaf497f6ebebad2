#include <algorithm>

#include "diagnose/claim.h"
#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double big_share = 0.20;  // of RAM, reserved and not used by anybody

// A kernel prints all of its pools or none. Where the usual one is not among them its line was
// lost, and what no counter shows can be in it.
std::optional<Claim> lost_pool(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr || account->hugepages_known) {
    return std::nullopt;
  }
  const Bytes most = account->size(memory::AccountLine::What::unaccounted);
  if (share(most, account->total) < big_share) {
    return std::nullopt;
  }
  Claim result = claim(Role::root, Rank::out_of_reach, share(most, account->total), 0.6,
                       Message("The line of the usual huge pages is lost or cut, and up to {} of "
                               "RAM may be reserved in them.",
                               human(most)));
  result.prove(Message("in no counter"), most);
  leave_open(result, Message("the line of the usual huge pages (\"hugepages_total=\")"));
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const bool any = !context.report.hugepages.empty() || context.report.hugepages_cut;
  if (!is_global_oom(context) || is_sysrq(context.report) || !any) {
    return std::nullopt;
  }
  Bytes reserved;
  Bytes unused;
  std::uint64_t used = 0;
  Place at;
  for (const auto& pool : context.report.hugepages) {
    reserved += to_bytes(pool.size) * pool.total;
    unused += to_bytes(pool.size) * pool.free;
    used += pool.total - std::min(pool.total, pool.free);
    if (pool.total > 0 && at.line == 0) {
      at = pool.at;
    }
  }
  if (!evidence.ram) {
    return std::nullopt;
  }
  if (auto open = lost_pool(context)) {
    return open;
  }
  const double unused_share = share(unused, *evidence.ram);
  const bool big = unused_share >= big_share && used_up(context) != nullptr;
  Claim result = claim(
      big ? Role::root : Role::ruled_out, Rank::out_of_reach, unused_share, 0.97,
      big ? Message("{} of RAM are reserved as huge pages and nobody uses them: {} of {} reserved. "
                    "Ordinary requests cannot have that memory.",
                    percent(unused_share), human(unused), human(reserved))
          : Message("{} of RAM are unused huge pages", percent(unused_share)));
  result.prove(Message("reserved as huge pages"), reserved, at);
  result.prove(Message("of these unused"), unused, at);
  result.prove(Message("RAM"), *evidence.ram, place_of_ram(context.report));
  if (big) {
    Remedy& remedy = result.remedy(Message("Reserve only as many huge pages as are used"),
                                   {ShellCommand("grep -i ^huge /proc/meminfo")});
    if (unused >= reserved) {
      remedy.title = Message("Reserve only as many huge pages as are used (here none were needed)");
      remedy.commands.push_back(ShellCommand("sudo whyoom fix vm.nr_hugepages=0"));
    }
    remedy.assume = "vm.nr_hugepages=" + std::to_string(used);
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  Bytes reserved;
  Bytes unused;
  Place at;
  for (const host::HugePool& pool : host.huge_pools) {
    if (pool.total && pool.free && pool.reserved) {
      // What is reserved for a mapping is free until it is touched, and is needed.
      const std::uint64_t idle =
          pool.free->value - std::min(pool.free->value, pool.reserved->value);
      reserved += to_bytes(pool.page_size) * pool.total->value;
      unused += to_bytes(pool.page_size) * idle;
      at = pool.total->value > 0 && at.line == 0 ? pool.total->at : at;
    }
  }
  const auto& total = host.meminfo.mem_total;
  if (host.huge_pools.empty() || !total) {
    return {};
  }
  const HostShare idle{unused, to_bytes(total->value), at, total->at};
  Claim result = share_claim(
      Rank::out_of_reach, idle, big_share, Message("unused huge pages"),
      Message("{} of RAM are reserved as huge pages and nobody uses them: {} of {} reserved. "
              "Ordinary requests cannot have that memory.",
              percent(idle.part()), human(unused), human(reserved)));
  result.prove(Message("reserved as huge pages"), reserved, at);
  if (result.role == Role::risk) {
    result.remedy(Message("Reserve only as many huge pages as are used"),
                  {ShellCommand("grep -i ^huge /proc/meminfo")});
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_hugepages_reserved{"hugepages-reserved", 'A',
                                            "huge pages are reserved and unused", judge, check};

}  // namespace whyoom::diagnose::causes
