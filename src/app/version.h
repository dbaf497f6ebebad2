#pragma once

#include <string>

namespace whyoom::app {
std::string version_text();  // "whyoom 0.1.0"
}
