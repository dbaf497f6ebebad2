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
  Claim result = check_fill(
      *fill,
      Message("{} connections that net.netfilter.nf_conntrack_max allows are tracked: the "
              "kernel drops the packets of new ones. Memory has no part in it.",
              fill_text(*fill)),
      Message("{} connections that net.netfilter.nf_conntrack_max allows are tracked; beyond "
              "it the kernel drops the packets of new ones.",
              fill_text(*fill)),
      Message("connections tracked"), Message("net.netfilter.nf_conntrack_max"));
  if (result.role != Role::ruled_out) {
    // An entry is about 320 bytes.
    result.remedies.push_back(set_remedy(Message("Raise the limit, if so many are wanted"),
                                         "net.netfilter.nf_conntrack_max",
                                         static_cast<std::int64_t>(fill->limit) * 2));
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_conntrack_full{"conntrack-full", 'D',
                                        "the table of tracked connections is full", judge, check};

}  // namespace whyoom::diagnose::causes
