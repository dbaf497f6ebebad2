// `whyoom undo`
#pragma once

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

int undo(const UndoOptions& options, linux::Output& out, linux::Output& errors);

}  // namespace whyoom::app
