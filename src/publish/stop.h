// The end that somebody asked for, and waiting that it ends.
#pragma once

#include <chrono>

namespace whyoom::publish {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// SIGTERM, SIGINT and SIGHUP are remembered from then on; SIGPIPE does nothing.
void remember_signals();
bool is_stopped();
// False: it was stopped. `file`: also until it can be read; -1: none.
bool wait_for(Milliseconds time, int file = -1);

}  // namespace whyoom::publish
