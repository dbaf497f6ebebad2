// What a report looks like when a known kernel bug was at work (kernel/known_bugs.h): the numbers
// alone, whatever the release. A shape with a release that has the bug is the cause kernel-bug.
#pragma once

#include <vector>

#include "diagnose/cause.h"
#include "kernel/known_bugs.h"

namespace whyoom::diagnose {

// As a finding: what happened, and the numbers.
struct BugShape : Finding {
  kernel::Bug bug = kernel::Bug::high_order_gave_up;
  double strength = 1;
  // It alone was in the way. Without it the bug can only have helped.
  bool settles = true;
  // A line that would show or refute the shape is lost.
  bool incomplete = false;
  // Without a release: the report is of a kernel that can have the bug.
  bool right_age = true;
};

std::vector<BugShape> bug_shapes(const Context& context);

}  // namespace whyoom::diagnose
