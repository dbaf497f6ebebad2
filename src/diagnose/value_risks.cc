#include "diagnose/value_risks.h"

#include <algorithm>

#include "memory/host_with.h"

namespace whyoom::diagnose {

namespace {

bool mended_by(const Finding& finding, const std::vector<NewValue>& values) {
  return std::ranges::any_of(finding.remedies, [&](const Remedy& remedy) {
    return remedy.setting && std::ranges::any_of(values, [&](const NewValue& value) {
             return value.key == remedy.setting->key;
           });
  });
}

// As bad as it would be then: what can happen is less than what happens now.
bool is_so_already(const std::vector<Finding>& findings, const Finding& then) {
  return std::ranges::any_of(findings, [&then](const Finding& now) {
    return now.cause == then.cause && now.role <= then.role;
  });
}

// 65535 stands in runbooks from the days when 32768 was the limit.
void add_lower_pid_max(std::vector<Message>& risks, const host::Settings::Number& running,
                       const host::SysctlKey& key, const std::string& value) {
  const auto wanted = host::parse_sysctl_integer(value);
  if (key == std::string_view("kernel.pid_max") && running && wanted && *wanted < running->value) {
    risks.emplace_back(
        "it lowers kernel.pid_max from {} to {}, so fewer tasks can run (a runbook that says 65535 "
        "is older than the 4194304 that systemd sets)",
        running->value, *wanted);
  }
}

}  // namespace

std::vector<Message> value_risks(const HostCheck& check, const std::vector<NewValue>& values) {
  host::HostFacts facts = check.facts;
  std::vector<Message> risks;
  for (const NewValue& value : values) {
    host::Host then =
        memory::host_with(memory::state_of(facts.host), value.key.dotted(), value.value);
    facts.host = std::move(then);
    for (host::SysctlHistory* history : {&facts.min_free_history, &facts.huge_pages_history}) {
      if (history->key == value.after.key) {
        *history = value.after;
      }
    }
    add_lower_pid_max(risks, check.facts.host.settings.pid_max, value.key, value.value);
  }
  const auto then = diagnose::check(std::move(facts));
  for (const Finding& finding : then->findings) {
    if (finding.role != Role::ruled_out &&
        (mended_by(finding, values) || !is_so_already(check.findings, finding))) {
      risks.emplace_back("with {} `whyoom check` would say ({}): {}",
                         values.size() == 1 ? "it" : "them", finding.cause, finding.summary.str());
    }
  }
  return risks;
}

}  // namespace whyoom::diagnose
