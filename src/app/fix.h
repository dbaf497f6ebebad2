// `whyoom fix`
#pragma once

#include <string>

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

// `command_line` is kept in the journal: as the user gave it.
int fix(const FixOptions& options, const std::string& command_line, linux::Output& out,
        linux::Output& errors);

}  // namespace whyoom::app
