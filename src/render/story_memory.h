// The parts of a story that tell who had the memory.
#pragma once

#include "diagnose/event.h"
#include "render/render.h"

namespace whyoom::render {

// The cgroup at its limit: its counters, its biggest parts, whose it is.
void add_cgroup(Document& out, const diagnose::Event& event);
// Where RAM went, when it was used up or nobody can tell why it was not.
void add_account(Document& out, const diagnose::Event& event, Detail detail);
// The biggest processes, and what is notable of them.
void add_tasks(Document& out, const diagnose::Event& event, Detail detail);

}  // namespace whyoom::render
