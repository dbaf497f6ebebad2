#include "report/doubt.h"

#include "base/text.h"

namespace whyoom::report {

Doubt doubt_of(const logtext::Line& line) {
  if (line.origin.handed_on()) {
    return Doubt::handed_on;
  }
  // Daemons run as users of their own; which service a record is of is journald's word.
  const bool daemons_own = !line.tag.empty() && line.unit.starts_with(line.tag);
  if (line.origin == logtext::Origin::other && line.uid.value_or(0) != 0 && !daemons_own) {
    return Doubt::by_user;
  }
  return Doubt::none;
}

Message why_unverified(const logtext::Line& line) {
  switch (doubt_of(line)) {
    case Doubt::handed_on:
      return Message("a program handed these lines on, and could have made them up");
    case Doubt::by_user:
      return Message("user {} wrote this in the name of {}", line.uid.value_or(0),
                     printable(line.tag));
    case Doubt::none:
      break;
  }
  return {};
}

}  // namespace whyoom::report
