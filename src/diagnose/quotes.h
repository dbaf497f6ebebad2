// Which lines of its log a reader of an event can be led to.
#pragma once

#include "diagnose/event.h"

namespace whyoom::diagnose {

// Of the lines that came with the report only those stay that a number of the proof was read from,
// or the first number of what was ruled out, and the line that the event begins with: a few, where
// a report has hundreds.
void keep_cited_lines(Event& event);

}  // namespace whyoom::diagnose
