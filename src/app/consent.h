// Asking before something is changed.
#pragma once

#include <string>

#include "app/command.h"
#include "base/shell.h"

namespace whyoom::app {

// "question [y/N] " on standard error, the answer from standard input; not with `yes`. Standard
// output has shown what it is about. Why nothing was changed, as a sentence without its full stop;
// empty when consent was given.
std::string why_not(bool yes, const std::string& question, Console& io);

// What a command that changes the machine says when it may not, with `command` (of root) as the way
// on; empty when it may.
std::string needs_root(const ShellCommand& command);

}  // namespace whyoom::app
