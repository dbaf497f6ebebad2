#include "diagnose/overcommit.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "overcommit-request";

std::optional<Claim> judge(const Context& context) {
  const auto refused = smallest_refused(context.report);
  if (!refused) {
    return std::nullopt;
  }
  const bool beyond = refused->size > largest_host;
  const Role role = beyond ? Role::root : Role::ruled_out;
  Claim result = claim(
      id, role, Rank::limit, 1, 0.9,
      beyond
          ? Message("{} asked for {} at once, more than RAM and swap can be: the kernel refused it "
                    "with ENOMEM.",
                    refused->who, human(refused->size))
          : Message("a request of {} ({}) fits many hosts: alone it is not why it was refused",
                    human(refused->size), refused->who));
  result.finding.proof.push_back(
      proof(Message("smallest refused request ({})", refused->who), refused->size, refused->at));
  result.finding.proof.push_back(proof(Message("no host has more RAM than"), largest_host));
  if (beyond) {
    Remedy remedy;
    remedy.title = Message(
        "See why it asks for so much (a size computed wrongly, a sparse mapping "
        "without MAP_NORESERVE)");
    result.finding.remedies.push_back(remedy);
  }
  return result;
}

}  // namespace

extern const Cause cause_overcommit_request;
const Cause cause_overcommit_request{id, 'D', "one request beyond RAM and swap", judge};

}  // namespace whyoom::diagnose::causes
