#include "diagnose/kernel_limit.h"

namespace whyoom::diagnose::causes {

namespace {

Message said(const report::LimitReached& /*limit*/) {
  return Message(
      "More TCP sockets were without a process than net.ipv4.tcp_max_orphans allows: the kernel "
      "resets connections that were closed, before the peer has confirmed all. Memory has no part "
      "in it.");
}

std::optional<Claim> judge(const Context& context) {
  auto result = judge_limit(context, report::LimitReached::What::tcp_orphans, said);
  if (result && context.report.limit_reached->either) {  // tcp_too_many_orphans()
    result->confidence = 0.6;
    weaken(*result, Message("\"mem\" of TCP in /proc/net/sockstat"),
           Message("it was above the third number of net.ipv4.tcp_mem"));
  }
  if (result) {
    result->remedy(Message("See how many there are. The kernel counts those whose peer is silent "
                           "two or four times, so a quarter of the limit can do"),
                   {ShellCommand("cat /proc/net/sockstat /proc/sys/net/ipv4/tcp_max_orphans"),
                    ShellCommand("ss -tan state fin-wait-1 state last-ack state closing")});
  }
  return result;
}

}  // namespace

extern const Cause cause_tcp_orphans{
    "tcp-orphans", 'D', "more TCP sockets of no process than tcp_max_orphans", judge, nullptr};

}  // namespace whyoom::diagnose::causes
