#include "report/doubt.h"

#include "base/text.h"

namespace whyoom::report {

bool is_doubtful(const logtext::Line& line) {
  // Daemons run as users of their own; which service a record is of is journald's word.
  const bool daemons_own = !line.tag.empty() && line.unit.starts_with(line.tag);
  return line.origin.handed_on() ||
         (line.origin == logtext::Origin::other && line.uid.value_or(0) != 0 && !daemons_own);
}

Message why_unverified(const logtext::Line& line) {
  if (line.origin.handed_on()) {
    return Message("a program handed these lines on, and could have made them up");
  }
  return is_doubtful(line) ? Message("user {} wrote this in the name of {}", line.uid.value_or(0),
                                     printable(line.tag))
                           : Message();
}

}  // namespace whyoom::report
