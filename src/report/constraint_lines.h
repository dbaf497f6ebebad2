// The line that says whose limit it was and whom the kernel chose.
#pragma once

#include <optional>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind constraint_line, constraint_rest;

// "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),...,task=hog,pid=186,uid=0". Paths, names
// and lists all can hold commas, so it is split at its keys, task, pid and uid from the right.
std::optional<Constraint> parse_constraint(std::string_view text, Place at);
// ",task=hog,pid=186,uid=0": the rest of a constraint line that was broken over records.
bool extend_constraint(std::string_view text, Constraint& constraint);

}  // namespace whyoom::report
