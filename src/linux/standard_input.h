// What stands on standard input when nobody said that a log does.
#pragma once

#include <functional>

namespace whyoom::linux {

// A pipe, a socket, or a regular file with bytes left: somebody may have put a log there. Not a
// terminal, not /dev/null, not a descriptor that was closed or is for writing.
bool input_is_piped();

// Waits until a byte can be read: true; or until nobody can send one any more: false. Takes nothing
// away. After two seconds without either, `silent` is called, once.
bool wait_for_input(const std::function<void()>& silent);

// Whether a byte can be read within the time that the other side of a pipe takes to start.
bool input_is_waiting();

}  // namespace whyoom::linux
