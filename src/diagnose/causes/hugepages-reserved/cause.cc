#include <algorithm>

#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/allowed_nodes.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double big_share = 0.20;  // of RAM, reserved and not used by anybody

// All pools together.
struct Pools {
  Bytes reserved, unused;
  std::uint64_t used = 0;  // pages
  Place at{};
};

Pools pools_of(const memory::Machine& machine) {
  Pools sum;
  for (const memory::HugepagePool& pool : machine.hugepages) {
    sum.reserved += pool.size * pool.total;
    sum.unused += pool.size * pool.free;
    sum.used += pool.total - std::min(pool.total, pool.free);
    sum.at = pool.total > 0 && sum.at.line == 0 ? pool.at : sum.at;
  }
  return sum;
}

Message nobody_uses(const Pools& pools, double part) {
  return Message(
      "{} of RAM are reserved as huge pages that nobody uses: {} of the {} reserved. Ordinary "
      "requests cannot have that memory.",
      percent(part), human(pools.unused), human(pools.reserved));
}

Remedy& add_remedy(Finding& finding) {
  return finding.remedy(Message("Reserve only as many huge pages as are used"),
                        {ShellCommand("grep -i ^huge /proc/meminfo")});
}

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

void add_numbers(Claim& result, const Pools& pools, const Context& context) {
  result.prove(Message("reserved as huge pages"), pools.reserved, pools.at);
  result.prove(Message("of these unused"), pools.unused, pools.at);
  result.prove(Message("RAM"), *context.evidence.ram, place_of_ram(context.report));
}

// The zones' lines are lost. So little was free, or can have been, that vm.min_free_kbytes cannot
// have kept back what matters.
bool leave_next_to_nothing(const Pools& pools, const Context& context) {
  const auto& evidence = context.evidence;
  const memory::Request& request = evidence.request;
  const Bytes left =
      counted_free(evidence).value_or(*evidence.ram - std::min(pools.unused, *evidence.ram));
  return !evidence.zones_complete && share(left, *evidence.ram) < big_min_free &&
         share(pools.unused, *evidence.ram) >= most_of_ram &&
         report::tells_of_oom(context.report) && is_known_global(evidence) && !is_bound(evidence) &&
         !memory::is_of_some_nodes(evidence) && !is_of_page_fault(context.report) &&
         request.order.value_or(0) == 0 &&
         !(request.flags_known && request.highest < kernel::ZoneClass::normal);
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const bool any = !evidence.hugepages.empty() || context.report.hugepages_cut;
  if (!is_global_oom(context) || !any || !evidence.ram) {
    return std::nullopt;
  }
  if (auto open = lost_pool(context)) {
    return open;
  }
  const Pools pools = pools_of(evidence);
  const double part = share(pools.unused, *evidence.ram);
  const bool big = part >= big_share;
  const bool seen = used_up(context) != nullptr;
  if (big ? !seen && !leave_next_to_nothing(pools, context)
          : lacks_nodes_of_hugepages(context.report)) {
    return std::nullopt;
  }
  Claim result = claim(
      big ? Role::root : Role::ruled_out, Rank::out_of_reach, part, 0.97,
      big ? nobody_uses(pools, part) : Message("{} of RAM are unused huge pages", percent(part)));
  add_numbers(result, pools, context);
  if (big && !seen) {
    result.confidence = 0.8;
    weaken(result, Message("the zones' min (\"Node 0 Normal free: min:\")"),
           Message("a zone that the request could use had more free than it must keep"));
  }
  if (big) {
    Remedy& remedy =
        pools.unused < pools.reserved
            ? add_remedy(result)
            : result.remedy(
                  Message("Reserve only as many huge pages as are used (here none were needed)"),
                  {ShellCommand("sudo whyoom fix vm.nr_hugepages=0"),
                   ShellCommand("grep -i ^huge /proc/meminfo")});
    remedy.assume = "vm.nr_hugepages=" + std::to_string(pools.used);
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const auto& total = context.facts.host.meminfo.mem_total;
  if (context.facts.host.huge_pools.empty() || !total) {
    return {};
  }
  const Pools pools = pools_of(context.state.machine);
  const HostShare idle{pools.unused, to_bytes(total->value), pools.at, total->at};
  Claim result = share_claim(Rank::out_of_reach, idle, big_share, Message("unused huge pages"),
                             nobody_uses(pools, idle.part()));
  result.prove(Message("reserved as huge pages"), pools.reserved, pools.at);
  if (result.role == Role::risk) {
    add_remedy(result);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_hugepages_reserved{"hugepages-reserved", 'A',
                                            "huge pages are reserved and unused", judge, check};

}  // namespace whyoom::diagnose::causes
