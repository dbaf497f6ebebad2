// Something of a log that could not be read.
#pragma once

#include <string>

#include "base/place.h"

namespace whyoom::logtext {

struct Damage {
  LineNumber line = 0;
  std::string what;  // already fit for a terminal
};

}  // namespace whyoom::logtext
