// The what-if of each remedy that comes to a setting.
#pragma once

#include <vector>

#include "diagnose/finding.h"
#include "memory/machine.h"

namespace whyoom::diagnose {

void add_what_if(std::vector<Finding>& findings, const memory::Machine& machine);

}  // namespace whyoom::diagnose
