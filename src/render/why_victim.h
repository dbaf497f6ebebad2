// Why the kernel killed this process and not another one, in a few sentences; none where it killed
// the biggest one, as everybody expects.
#pragma once

#include <string>
#include <vector>

#include "diagnose/event.h"

namespace whyoom::render {

std::vector<std::string> why_victim(const diagnose::Event& event);

}  // namespace whyoom::render
