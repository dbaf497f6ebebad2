#include "advise/value_risks.h"

#include <algorithm>

#include "memory/host_with.h"

namespace whyoom::advise {

namespace {

using diagnose::Finding;
using diagnose::Role;

bool mended_by(const Finding& finding, const Wanted& wanted) {
  return std::ranges::any_of(finding.remedies, [&](const diagnose::Remedy& remedy) {
    return remedy.setting && wanted.key == remedy.setting->key;
  });
}

bool is_found(const std::vector<Finding>& findings, std::string_view cause) {
  return std::ranges::any_of(findings, [cause](const Finding& finding) {
    return finding.cause == cause && finding.role != Role::ruled_out;
  });
}

}  // namespace

std::vector<Message> value_risks(const diagnose::HostCheck& check, const Wanted& wanted,
                                 const host::SysctlHistory& after) {
  host::HostFacts facts = check.facts;
  facts.host = memory::host_with(check.state, wanted.key.dotted(), wanted.value);
  for (host::SysctlHistory* history : {&facts.min_free_history, &facts.huge_pages_history}) {
    if (history->key == after.key) {
      *history = after;
    }
  }
  const auto then = diagnose::check(std::move(facts));
  std::vector<Message> risks;
  for (const Finding& finding : then->findings) {
    if (finding.role != Role::ruled_out &&
        (mended_by(finding, wanted) || !is_found(check.findings, finding.cause))) {
      risks.emplace_back("with it `whyoom check` would say ({}): {}", finding.cause,
                         finding.summary.str());
    }
  }
  return risks;
}

}  // namespace whyoom::advise
