#include "diagnose/kernel_limit.h"

namespace whyoom::diagnose::causes {

namespace {

Message said(const report::LimitReached& /*limit*/) {
  return Message(
      "The memory of all TCP sockets reached net.ipv4.tcp_mem: the kernel drops what arrives and "
      "resets connections. It is a limit of its own, whatever memory is free.");
}

std::optional<Claim> judge(const Context& context) {
  auto result = judge_limit(context, report::LimitReached::What::tcp_memory, said);
  if (result && context.report.limit_reached->either) {  // tcp_too_many_orphans()
    result->confidence = 0.6;
    weaken(*result, Message("\"orphan\" in /proc/net/sockstat"),
           Message("it was above net.ipv4.tcp_max_orphans"));
  }
  if (result) {
    result->remedy(Message("See which sockets hold it (a reader that does not read?), then raise "
                           "the third number of net.ipv4.tcp_mem (pages)"),
                   {ShellCommand("cat /proc/net/sockstat /proc/sys/net/ipv4/tcp_mem"),
                    ShellCommand("ss -tmp state established")});
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const auto& pages = host.network.tcp_pages;
  const auto& limits = host.settings.tcp_mem;  // low, pressure, the most
  if (!pages || !limits || limits->value.size() != 3 || limits->value[2] <= 0) {
    return {};
  }
  const Fill fill{pages->value.count(), static_cast<std::uint64_t>(limits->value[2]), pages->at,
                  limits->at};
  return {check_fill(
      fill,
      Message("TCP sockets hold {} pages that net.ipv4.tcp_mem allows: the kernel drops what "
              "arrives and resets connections, whatever memory is free.",
              fill_text(fill)),
      Message("TCP sockets hold {} pages that net.ipv4.tcp_mem allows; beyond it the kernel "
              "resets connections, whatever memory is free.",
              fill_text(fill)),
      Message("pages of TCP sockets"), Message("the most of net.ipv4.tcp_mem, pages"),
      Remedy{Message("See which sockets hold it, then raise the third number"),
             {ShellCommand("ss -tmp state established")}})};
}

}  // namespace

extern const Cause cause_tcp_memory{"tcp-memory", 'D', "the memory of TCP sockets is at its limit",
                                    judge, check};

}  // namespace whyoom::diagnose::causes
