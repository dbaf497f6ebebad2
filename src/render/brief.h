// A story on one screen: the answer, the fix, what happened, and the numbers that matter most, in
// at most 20 lines of 80 columns. `story` (render.h) has all of it.
#pragma once

#include "render/layout.h"
#include "render/render.h"

namespace whyoom::render {

// What there is no room for is left out, the least wanted first. `width` is the terminal's: a
// command is never broken, so a long one counts as the rows that it takes.
// Behind it stand the processes, where the user asked for a list of them.
Document brief(const Story& story, unsigned width, const TaskList& tasks = {});

}  // namespace whyoom::render
