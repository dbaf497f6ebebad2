#include "diagnose/overcommit.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "overcommit-limit";

std::optional<Claim> judge(const Context& context) {
  const auto refused = smallest_refused(context.report);
  if (!refused) {
    return std::nullopt;
  }
  const bool strict = refused->size < smallest_host;
  Claim result = claim(
      id, strict ? Role::root : Role::ruled_out, Rank::limit, 1, 0.95,
      strict
          ? Message(
                "vm.overcommit_memory is 2 and Committed_AS reached CommitLimit: a request of {} "
                "by {} was refused with ENOMEM. In the other modes so small a request passes.",
                human(refused->size), refused->who)
          : Message("the smallest refused request, {} by {}, may be more than RAM and swap",
                    human(refused->size), refused->who));
  result.finding.proof.push_back(
      proof(Message("smallest refused request ({})", refused->who), refused->size, refused->at));
  result.finding.proof.push_back(
      proof(Message("no host has less RAM and swap than"), smallest_host));
  if (strict) {
    Remedy remedy;
    remedy.title = Message(
        "Raise the limit (vm.overcommit_ratio or vm.overcommit_kbytes), add swap, or "
        "use the kernel's default mode");
    remedy.commands = {"grep -i commit /proc/meminfo", "sudo sysctl -w vm.overcommit_memory=0"};
    result.finding.remedies.push_back(remedy);
  }
  return result;
}

}  // namespace

extern const Cause cause_overcommit_limit;
const Cause cause_overcommit_limit{
    id, 'D', "vm.overcommit_memory=2 and the commit limit is reached", judge};

}  // namespace whyoom::diagnose::causes
