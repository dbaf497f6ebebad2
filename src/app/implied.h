// A command line without a command, and what it means: a log that it names, or that stands on
// standard input, is to be explained; without one it is about this machine.
#pragma once

#include <tl/expected.hpp>

#include "app/command.h"

namespace whyoom::app {

// parse_command_line(), with `explain` put in where it is meant.
tl::expected<Work, Notice> parse_with_implied(int argc, const char* const* argv,
                                              const Commands& commands);

// True when standard input brings something. It can take as long as whoever writes to it; that it
// is waited for is said.
bool wait_for_log(Console& io);

}  // namespace whyoom::app
