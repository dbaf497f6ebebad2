// `whyoom explain --follow`: events of logs as they are written.
#pragma once

#include <vector>

#include "app/explain_run.h"
#include "linux/follow_logs.h"

namespace whyoom::app {

struct FollowOptions {
  std::vector<linux::FollowedLog> logs;
  bool from_start = false;   // also what they hold already
  bool until_first = false;  // no longer than until an event has come
  linux::SandboxChoice sandbox = linux::SandboxChoice::automatic;
};

// Until a signal or the reader of the output ends it, or no log can bring anything more. A report
// is whole when no line of it has come for two seconds, or nothing at all for one; a story is told
// when no event has come for two seconds, with a panic at once, and half a minute after its begin
// at the latest: what comes then is told as what went on.
int follow(const FollowOptions& options, Run& run, explain::Writer& writer, Console& io);

}  // namespace whyoom::app
