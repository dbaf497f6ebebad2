// The killer of Android: lmkd, and the driver of kernels to 4.11.
#pragma once

#include <string_view>

#include "report/report.h"

namespace whyoom::report {

// The driver's sentence without its name.
bool is_of_the_driver(std::string_view text);

bool parse_android(std::string_view text, Place at, bool tagged, UserspaceKill& out);

}  // namespace whyoom::report
