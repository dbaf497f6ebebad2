#include "base/text.h"
#include "diagnose/kernel_limit.h"

namespace whyoom::diagnose::causes {

namespace {

Message said(const report::LimitReached& limit) {
  const bool six = limit.name == "ndisc_cache";
  return Message(
      "The table of neighbours{} is full (net.{}.neigh.default.gc_thresh3): the kernel cannot "
      "reach hosts of its own network that it does not know yet, and sending fails with ENOBUFS. "
      "Memory "
      "has no part in it.",
      limit.name.empty() ? std::string() : " " + printable(limit.name), six ? "ipv6" : "ipv4");
}

std::optional<Claim> judge(const Context& context) {
  auto result = judge_limit(context, report::LimitReached::What::neighbour, said);
  if (result) {
    result->remedy(Message("Raise gc_thresh1, gc_thresh2 and gc_thresh3, or make the network "
                           "smaller"),
                   {ShellCommand("ip -s neigh | wc -l"),
                    ShellCommand("sysctl net.ipv4.neigh.default.gc_thresh3 "
                                 "net.ipv6.neigh.default.gc_thresh3")});
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const auto& entries = host.network.arp_entries;
  const auto& most = host.settings.arp_gc_thresh3;
  if (!entries || !most || most->value <= 0) {
    return {};
  }
  const Fill fill{entries->value, static_cast<std::uint64_t>(most->value), entries->at, most->at};
  return {check_fill(
      fill,
      Message("The table of IPv4 neighbours has {} entries that "
              "net.ipv4.neigh.default.gc_thresh3 allows: new ones fail with ENOBUFS. Memory "
              "has no part in it.",
              fill_text(fill)),
      Message("The table of IPv4 neighbours has {} entries that "
              "net.ipv4.neigh.default.gc_thresh3 allows; beyond it new ones fail with ENOBUFS.",
              fill_text(fill)),
      Message("IPv4 neighbours"), Message("net.ipv4.neigh.default.gc_thresh3"),
      raise_limit("net.ipv4.neigh.default.gc_thresh3", fill, 4))};
}

}  // namespace

extern const Cause cause_neighbour_table_full{
    "neighbour-table-full", 'D', "the table of neighbours (ARP) is full", judge, check};

}  // namespace whyoom::diagnose::causes
