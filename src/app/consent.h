// Asking before something is changed.
#pragma once

#include <cstdint>
#include <string>

#include "linux/output.h"

namespace whyoom::app {

enum class Consent : std::uint8_t {
  given,
  refused,
  nobody_to_ask  // no terminal
};

// "question [y/N] " on standard error, the answer from standard input.
Consent ask(const std::string& question, linux::Output& errors);

// What a command that changes the machine says when it may not; empty when it may.
std::string needs_root(const std::string& command);

}  // namespace whyoom::app
