// The same cause on a host, from the counters of /proc/meminfo.
#include "diagnose/causes/kernel-unaccounted/host.h"

#include <algorithm>
#include <array>

#include "diagnose/host_share.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "kernel-unaccounted";

using host::Meminfo;
using Counter = Maybe<KiB> Meminfo::*;

// Every kernel from 2.6.32 on has these; without one of them the sum says nothing.
constexpr std::array<Counter, 10> needed{&Meminfo::mem_free,         &Meminfo::active_anon,
                                         &Meminfo::inactive_anon,    &Meminfo::active_file,
                                         &Meminfo::inactive_file,    &Meminfo::unevictable,
                                         &Meminfo::slab_reclaimable, &Meminfo::slab_unreclaimable,
                                         &Meminfo::kernel_stack,     &Meminfo::page_tables};
constexpr std::array<Counter, 6> optional{&Meminfo::sec_page_tables, &Meminfo::percpu,
                                          &Meminfo::bounce,          &Meminfo::shadow_call_stack,
                                          &Meminfo::balloon,         &Meminfo::gpu_active};

// MemTotal is above what the zones manage in some guests: what no zone has is in no counter.
std::optional<Bytes> managed(const HostContext& context) {
  Bytes zones;
  for (const memory::MachineZone& zone : context.state.machine.zones) {
    zones += to_bytes(zone.managed, context.state.machine.page);
  }
  return zones.count() == 0 || !context.state.ram
             ? std::nullopt
             : std::optional(std::min(zones, *context.state.ram));
}

Bytes huge_pages(const host::Host& host) {
  Bytes sum;
  for (const host::HugePool& pool : host.huge_pools) {
    sum += to_bytes(pool.page_size) * (pool.total ? pool.total->value : 0);
  }
  const auto& all = host.meminfo.hugetlb;
  const auto& usual = host.meminfo.hugepage_size;
  const auto& count = host.meminfo.hugepages_total;
  const Bytes counted = all              ? to_bytes(all->value)
                        : usual && count ? to_bytes(usual->value) * count->value
                                         : Bytes(0);
  return std::max(sum, counted);
}

// VmallocUsed counts pages since 5.3 and has the kernel stacks in it; before, it is 0 or addresses.
Bytes vmalloc(const Meminfo& info, Bytes total) {
  const Bytes used = info.vmalloc_used ? to_bytes(info.vmalloc_used->value) : Bytes(0);
  return used < total ? used - to_bytes(info.kernel_stack->value) : Bytes(0);
}

Bytes free_in_cpu_lists(const HostContext& context) {
  Pages sum;
  for (const host::Zone& zone : context.facts.host.zoneinfo.zones) {
    sum += zone.pagesets.count ? zone.pagesets.count->value : Pages(0);
  }
  return to_bytes(sum, context.state.machine.page);
}

}  // namespace

std::vector<Claim> unaccounted_on_host(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const Meminfo& info = host.meminfo;
  const auto total = managed(context);
  const bool complete =
      std::ranges::all_of(needed, [&](Counter counter) { return (info.*counter).has_value(); });
  if (!total || !complete) {
    return {};
  }
  Bytes sum = huge_pages(host) + vmalloc(info, *total) + free_in_cpu_lists(context);
  for (const Counter counter : needed) {
    sum += to_bytes((info.*counter)->value);
  }
  for (const Counter counter : optional) {
    sum += info.*counter ? to_bytes((info.*counter)->value) : Bytes(0);
  }
  // ZFS has a counter of its own, and a cause.
  sum += host.zfs_arc.size ? host.zfs_arc.size->value : Bytes(0);
  const HostShare missing{*total - sum, *total, {}, {}};
  Claim result = share_claim(
      id, Rank::used_up, missing, big_on_host, Message("in no counter"),
      Message("{} of RAM ({}) are in no counter of /proc/meminfo: pages that drivers, pipes, "
              "sockets, a balloon or a file system module took straight from the kernel.",
              human(missing.size), percent(missing.part())));
  result.finding.proof.push_back(proof(Message("sum of the counters of /proc/meminfo"), sum,
                                       Place{info.mem_free->at.source, 0}));
  if (result.finding.role == Role::risk) {
    Remedy remedy;
    remedy.title = Message("Look for what takes pages outside the counters");
    remedy.commands = {ShellCommand("grep -iE 'vmalloc|percpu' /proc/meminfo"),
                       ShellCommand("cat /proc/net/sockstat"),
                       ShellCommand("lsmod | sort -k2 -n | tail")};
    result.finding.remedies.push_back(remedy);
  }
  return {std::move(result)};
}

}  // namespace whyoom::diagnose::causes
