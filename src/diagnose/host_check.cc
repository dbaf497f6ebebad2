#include "diagnose/host_check.h"

#include "diagnose/engine.h"
#include "diagnose/what_if_of.h"

namespace whyoom::diagnose {

namespace {

// The causes that a host can have, judged on these facts.
std::vector<Finding> host_findings(const HostContext& context) {
  std::vector<Claim> claims;
  for (const Cause* cause : all_causes()) {
    if (cause->check != nullptr) {
      for (Claim& claim : cause->check(context)) {
        claim.cause = cause->id;
        claims.push_back(std::move(claim));
      }
    }
  }
  std::vector<Finding> findings = in_order(std::move(claims));
  add_what_if(findings, context.state.machine);
  return findings;
}

}  // namespace

std::unique_ptr<HostCheck> check(host::HostFacts&& facts) {
  auto result = std::make_unique<HostCheck>();
  result->facts = std::move(facts);
  host::Host& host = result->facts.host;
  result->state = memory::state_of(host);
  result->limits = task_limits(result->facts);
  result->next_victims = memory::next_victims(host, 3);
  result->findings = host_findings({result->facts, result->state, result->limits, host.sources});
  return result;
}

}  // namespace whyoom::diagnose
