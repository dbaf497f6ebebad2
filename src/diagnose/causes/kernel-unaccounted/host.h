#pragma once

#include <vector>

#include "diagnose/cause.h"

namespace whyoom::diagnose::causes {

std::vector<Claim> unaccounted_on_host(const HostContext& context);

}  // namespace whyoom::diagnose::causes
