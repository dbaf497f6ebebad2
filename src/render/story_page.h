// The parts of a story that only a page of a browser has: its events on a line of time, what other
// values of the setting would have done, the trace.
#pragma once

#include "diagnose/event.h"
#include "render/render.h"

namespace whyoom::render {

// Nothing where there is one event, or no time.
void add_timeline(Document& out, const Story& story);
// Below the fix.
void add_min_free_steps(Document& out, const diagnose::Event& event);
void add_trace(Document& out, const diagnose::Event& event);

}  // namespace whyoom::render
