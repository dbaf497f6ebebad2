// Runs a program and kills it (SIGKILL) at one of its system calls, by ptrace. What comes before
// the first call that could change anything (that opens a file to write, makes, renames, removes or
// links one, changes what it is, or starts a process) runs at full speed: there is nothing on any
// disk to lose. From there on stops are counted from 0: the entry of that call, its exit, the entry
// of the next call, and so on. Killed at an entry, the call is not carried out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whyoom::test {

struct KillEnd {
  bool killed = false;      // at the stop; else it ended by itself before
  int status = 0;           // exit status, or 128 + signal, when it ended by itself
  std::uint64_t stops = 0;  // that were passed
};

enum class Calls : std::uint8_t {
  all,
  // Those that could change something, and write, fsync and the like. Between two of them all on
  // the disk is as it was at the exit of the first.
  changing
};

// Standard input and output are /dev/null, as is standard error unless WHYOOM_TEST_VERBOSE is set.
// Ends this process when ptrace cannot be used: see can_trace.
KillEnd run_and_kill(const std::vector<std::string>& argv, std::uint64_t stop,
                     Calls calls = Calls::all);

// ptrace with a filter of system calls is allowed here.
bool can_trace();

// A run that is not traced: exit status, or 128 + signal.
int run(const std::vector<std::string>& argv);

}  // namespace whyoom::test
