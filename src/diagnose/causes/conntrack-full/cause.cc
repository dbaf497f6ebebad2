#include "diagnose/kernel_limit.h"

namespace whyoom::diagnose::causes {

namespace {

Message said(const report::LimitReached& /*limit*/) {
  return Message(
      "The table of tracked connections is full (net.netfilter.nf_conntrack_max): the kernel drops "
      "the packets of new connections. Memory has no part in it.");
}

std::optional<Claim> judge(const Context& context) {
  auto result = judge_limit(context, report::LimitReached::What::conntrack, said);
  if (result) {
    result->remedy(
        Message("See how full it is; raise the limit, or do not track what need not be tracked"),
        {ShellCommand("sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max")});
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Settings& settings = context.facts.host.settings;
  const auto fill = fill_of(settings.conntrack_count, settings.conntrack_max);
  if (!fill) {
    return {};
  }
  // An entry is about 320 bytes.
  return {check_fill(
      *fill,
      Message("{} connections that net.netfilter.nf_conntrack_max allows are tracked: the "
              "kernel drops the packets of new ones. Memory has no part in it.",
              fill_text(*fill)),
      Message("{} connections that net.netfilter.nf_conntrack_max allows are tracked; beyond "
              "it the kernel drops the packets of new ones.",
              fill_text(*fill)),
      Message("connections tracked"), Message("net.netfilter.nf_conntrack_max"),
      raise_limit("net.netfilter.nf_conntrack_max", *fill, 2))};
}

}  // namespace

extern const Cause cause_conntrack_full{"conntrack-full", 'D',
                                        "the table of tracked connections is full", judge, check};

}  // namespace whyoom::diagnose::causes
