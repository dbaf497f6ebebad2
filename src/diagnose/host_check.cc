#include "diagnose/host_check.h"

#include <algorithm>
#include <tuple>

#include "diagnose/what_if_of.h"

namespace whyoom::diagnose {

namespace {

std::optional<FirstVictim> first_victim(const host::Host& host) {
  std::optional<FirstVictim> first;
  for (const host::Process& process : host.processes.all) {
    if (process.oom_score && process.oom_score_adj.value_or(0) > -1000 &&
        (!first || *process.oom_score > first->score)) {
      first = FirstVictim{&process, *process.oom_score};
    }
  }
  return first;
}

int order(Role role) {
  switch (role) {
    case Role::root:
      return 0;
    case Role::contributing:
      return 1;
    case Role::consequence:
      return 3;
    case Role::risk:
      return 2;
    case Role::ruled_out:
      return 4;
  }
  return 4;
}

}  // namespace

std::vector<Finding> host_findings(const HostContext& context) {
  std::vector<Claim> claims;
  for (const Cause* cause : all_causes()) {
    if (cause->check != nullptr) {
      for (Claim& claim : cause->check(context)) {
        claims.push_back(std::move(claim));
      }
    }
  }
  std::ranges::stable_sort(claims, [](const Claim& a, const Claim& b) {
    return std::tuple(order(a.finding.role), a.rank, -a.strength) <
           std::tuple(order(b.finding.role), b.rank, -b.strength);
  });
  std::vector<Finding> findings;
  findings.reserve(claims.size());
  for (Claim& claim : claims) {
    findings.push_back(std::move(claim.finding));
  }
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
