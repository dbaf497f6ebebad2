// Another program, run without a shell; its output is read as it comes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "linux/descriptor.h"

namespace whyoom::linux {

struct ChildEnd {
  int start_error = 0;    // errno when it could not be started
  int status = 0;         // exit status, when it ended by itself
  int signal = 0;         // that ended it
  bool stopped = false;   // the reader wanted no more
  bool silent = false;    // it said nothing for too long, and was ended
  std::string complaint;  // start of its standard error
};

// A regular file that this process may execute.
bool is_program(const std::string& file);

// The file of a program in the absolute directories of PATH; empty when it is in none of them. A
// relative one would run what lies where the user happens to be.
std::string find_program(const std::string& name, std::string_view path);

inline constexpr int forever = -1;  // it may be silent for as long as it likes

// Looks for argv[0], where it is a name without a slash, in the absolute directories of PATH. The
// child gets PATH and LC_ALL and nothing else of the environment; standard input is `input`, or
// /dev/null for -1. The child is ended when `stop`
// says so, or after `most_silent_ms` without a byte; it never outlives the call. `complained` gets
// its standard error as it comes.
ChildEnd run_child(const std::vector<std::string>& argv,
                   const std::function<void(std::string_view)>& data,
                   const std::function<bool()>& stop, int most_silent_ms,
                   const std::function<void(std::string_view)>& complained = nullptr,
                   int input = -1);

// A file in memory with that in it, to be read from its begin; empty when there is no room.
Descriptor memory_file(std::string_view text);

// Of this process, where it may: the higher, the sooner it is killed when memory is short. For a
// child before its exec: it allocates nothing.
void set_oom_score(std::string_view value);

}  // namespace whyoom::linux
