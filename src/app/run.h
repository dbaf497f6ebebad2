// The program behind main().
#pragma once

#include <string>

namespace whyoom::app {

// What the process ends with.
enum ExitStatus : int {
  nothing_found = 0,
  events_found = 1,
  trouble = 2,      // wrong use, an input that could not be read, or a fix that was refused
  rolled_back = 3,  // a fix failed half-way and was taken back
};

int run(int argc, const char* const* argv);

// What to say of std::bad_alloc: what was being read, and what to do.
std::string out_of_memory();

}  // namespace whyoom::app
