// The check of a host: steps 1 to 4 of the runbook as data, and what the rules say of it.
#pragma once

#include <memory>
#include <vector>

#include "diagnose/cause.h"
#include "memory/next_victims.h"

namespace whyoom::diagnose {

struct HostCheck {
  host::HostFacts facts;
  memory::HostState state;
  std::vector<TaskLimit> limits;                 // the fullest first
  std::vector<memory::NextVictim> next_victims;  // on an OOM of the whole machine; at most 3
  std::vector<Finding> findings;  // what happens now, then risks, then what was ruled out
  // Places of the findings and limits lead into this.
  [[nodiscard]] const host::Sources& sources() const { return facts.host.sources; }
};

// On the heap because the state points into the facts.
std::unique_ptr<HostCheck> check(host::HostFacts&& facts);

}  // namespace whyoom::diagnose
