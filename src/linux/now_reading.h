// What was begun to be read last, for the message when memory runs out: no other place knows it
// then. Takes no memory and never fails. Each thread has its own.
#pragma once

#include <string_view>

namespace whyoom::linux {

void now_reading(std::string_view what);  // a path, "-" = standard input; kept up to 255 bytes
std::string_view last_read();             // empty: nothing yet

}  // namespace whyoom::linux
