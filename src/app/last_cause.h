// Why memory ran out the last time, by the logs of this machine or of a copy of one.
#pragma once

#include <string>

#include "app/host_root.h"

namespace whyoom::app {

struct LastCause {
  std::string cause;         // id; empty: there is no event, or none whose cause can be told
  std::string place;         // file:line of the event
  bool has_setting = false;  // one of its remedies is a sysctl
};

// By diagnose::LastWord, as `whyoom` alone tells it. Logs that
// cannot be read count as empty: what the host itself shows is judged without them.
LastCause last_cause(const HostRoot& root);

}  // namespace whyoom::app
