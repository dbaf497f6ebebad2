#include "diagnose/claim.h"
#include "diagnose/overcommit.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto refused = smallest_refused(context.report);
  if (!refused) {
    return std::nullopt;
  }
  const bool beyond = refused->size > largest_host;
  const Role role = beyond ? Role::root : Role::ruled_out;
  Claim result = claim(
      role, Rank::limit, 1, 0.9,
      beyond
          ? Message("{} asked for {} at once, more than RAM and swap can be: the kernel refused it "
                    "with ENOMEM.",
                    refused->who, human(refused->size))
          : Message("a request of {} ({}) fits many hosts: alone it is not why it was refused",
                    human(refused->size), refused->who));
  result.prove(Message("smallest refused request ({})", refused->who), refused->size, refused->at);
  result.prove(Message("no host has more RAM than"), largest_host);
  if (beyond) {
    result.remedy(
        Message("See why it asks for so much (a size computed wrongly, a sparse mapping "
                "without MAP_NORESERVE)"));
  }
  return result;
}

}  // namespace

extern const Cause cause_overcommit_request{"overcommit-request", 'D',
                                            "one request beyond RAM and swap", judge};

}  // namespace whyoom::diagnose::causes
