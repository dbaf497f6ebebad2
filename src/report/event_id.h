// The id of an event: the same whenever its report is read again, also in a part of its log, so
// that an event that is sent twice is counted once. Two events never share one: it is a hash
// (SHA-256) of the boot, the time and what the report says. Of a copy that lacks lines, or the id
// of the boot, it is another one.
#pragma once

#include <string>

#include "report/report.h"

namespace whyoom::report {

// 32 lower-case hexadecimal digits. docs/output.md says what it is made of: a change of that counts
// the events twice that are read before and after it.
std::string event_id(const Report& report);

}  // namespace whyoom::report
