#include "diagnose/host_check.h"

#include "diagnose/engine.h"
#include "diagnose/what_if_of.h"

namespace whyoom::diagnose {

namespace {

const host::Process* first_victim(const host::Host& host) {
  const host::Process* first = nullptr;
  for (const host::Process& process : host.processes.all) {
    if (process.oom_score && process.oom_score_adj.value_or(0) > -1000 &&
        (first == nullptr || *process.oom_score > *first->oom_score)) {
      first = &process;
    }
  }
  return first;
}

}  // namespace

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

std::unique_ptr<HostCheck> check(host::HostFacts&& facts) {
  auto result = std::make_unique<HostCheck>();
  result->facts = std::move(facts);
  host::Host& host = result->facts.host;
  result->state = memory::state_of(host);
  result->limits = task_limits(result->facts);
  result->first_victim = first_victim(host);
  result->findings = host_findings({result->facts, result->state, result->limits, host.sources});
  return result;
}

}  // namespace whyoom::diagnose
