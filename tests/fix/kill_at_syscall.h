// Runs a program and kills it (SIGKILL) at one of its system calls, by ptrace. A run's stops are
// counted from 0: the entry of the first system call after exec, its exit, the entry of the second
// one and so on. Killed at an entry, the call is not carried out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whyoom::test {

struct KillEnd {
  bool killed = false;  // at the stop; else it ended by itself before
  int status = 0;       // exit status, or 128 + signal, when it ended by itself
  std::uint64_t stops = 0;
};

inline constexpr std::uint64_t never = UINT64_MAX;

// Standard input and output are /dev/null, as is standard error unless WHYOOM_TEST_VERBOSE is set.
// Ends this process when ptrace cannot be used: see can_trace.
KillEnd run_and_kill(const std::vector<std::string>& argv, std::uint64_t stop);

// The first stop, in a run that is not killed, at which the program asks for something that could
// change a file: opens one to write, or makes, renames, removes, links one, or changes what it is.
// Before it there is nothing on any disk to lose. The run has its effects.
struct FirstChange {
  std::uint64_t stop = 0;
  KillEnd end;
};
FirstChange find_first_change(const std::vector<std::string>& argv);

// ptrace is allowed here.
bool can_trace();

// A run that is not traced: exit status, or 128 + signal.
int run(const std::vector<std::string>& argv);

}  // namespace whyoom::test
