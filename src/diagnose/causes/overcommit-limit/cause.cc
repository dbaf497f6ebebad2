#include "diagnose/claim.h"
#include "diagnose/overcommit.h"

namespace whyoom::diagnose::causes {

namespace {

void add_remedy(Finding& finding) {
  finding.remedy(Message("Raise the limit (vm.overcommit_ratio or vm.overcommit_kbytes), add swap, "
                         "or use the kernel's default mode"),
                 {ShellCommand("grep -i commit /proc/meminfo"),
                  ShellCommand("sudo whyoom fix vm.overcommit_memory=0")});
}

std::optional<Claim> judge(const Context& context) {
  const auto refused = smallest_refused(context.report);
  if (!refused) {
    return std::nullopt;
  }
  const bool strict = refused->size < smallest_host;
  Claim result = claim(
      strict ? Role::root : Role::ruled_out, Rank::limit, 1, 0.95,
      strict
          ? Message(
                "vm.overcommit_memory is 2 and Committed_AS reached CommitLimit: a request of {} "
                "by {} was refused with ENOMEM. In the other modes so small a request passes.",
                human(refused->size), refused->who)
          : Message("the smallest refused request, {} by {}, may be more than RAM and swap",
                    human(refused->size), refused->who));
  result.prove(Message("smallest refused request ({})", refused->who), refused->size, refused->at);
  result.prove(Message("the other modes refuse only more than all RAM and swap, at least"),
               smallest_host);
  if (strict) {
    add_remedy(result);
  }
  return result;
}

constexpr double reached = 0.95;  // of CommitLimit
constexpr double near_limit = 0.85;

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const auto& mode = host.settings.overcommit_memory;
  const auto& limit = host.meminfo.commit_limit;
  const auto& committed = host.meminfo.committed_as;
  if (!mode || !limit || !committed) {
    return {};
  }
  const double part = share(committed->value, limit->value);
  const bool strict = mode->value == 2;
  const std::string used = human(to_bytes(committed->value));
  const std::string most = human(to_bytes(limit->value));
  Claim result = claim(
      !strict || part < near_limit ? Role::ruled_out
      : part >= reached            ? Role::root
                                   : Role::risk,
      Rank::limit, part, 0.95,
      !strict
          ? Message("vm.overcommit_memory is {}: the kernel does not hold programs to CommitLimit",
                    mode->value)
      : part >= near_limit
          ? Message("vm.overcommit_memory is 2, and Committed_AS is {} of the {} of CommitLimit "
                    "({}): what would pass it fails with ENOMEM (\"Cannot allocate memory\"), "
                    "however much is free.",
                    used, most, percent(part))
          : Message("Committed_AS is {} of the {} of CommitLimit ({})", used, most, percent(part)));
  result.prove(Message("vm.overcommit_memory"), mode);
  result.prove(Message("Committed_AS"), committed);
  result.prove(Message("CommitLimit"), limit);
  if (result.role != Role::ruled_out) {
    if (context.state.free) {
      result.prove(Message("MemFree"), *context.state.free, host.meminfo.mem_free->at);
    }
    add_remedy(result);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_overcommit_limit{"overcommit-limit", 'D',
                                          "vm.overcommit_memory=2 and the commit limit is reached",
                                          judge, check};

}  // namespace whyoom::diagnose::causes
