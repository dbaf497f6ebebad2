// Asking before something is changed.
#pragma once

#include <cstdint>
#include <string>

#include "app/command.h"
#include "base/shell.h"

namespace whyoom::app {

enum class Consent : std::uint8_t {
  given,
  refused,
  nobody_to_ask,  // no terminal
  not_shown       // what it is about, or the question, could not be written
};

// "question [y/N] " on standard error, the answer from standard input. Standard output has shown
// what it is about.
Consent ask(const std::string& question, Console& io);
// Why nothing was changed, as a sentence without its full stop; empty when consent was given.
std::string why_not(Consent consent);

// What a command that changes the machine says when it may not, with `command` (of root) as the way
// on; empty when it may.
std::string needs_root(const ShellCommand& command);

}  // namespace whyoom::app
