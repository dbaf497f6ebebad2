// Runs a program and kills it (SIGKILL) at one of its system calls, or lets the call fail, by
// ptrace. What comes before the first call that could change anything (that opens a file to write,
// makes, renames, removes or links one, changes what it is, or starts a process) runs at full
// speed: there is nothing on any disk to lose. From there on stops are counted from 0: the entry of
// that call, its exit, the entry of the next call, and so on. Killed at an entry, the call is not
// carried out.
#pragma once

#include <cstdint>
#include <functional>
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
  // As `all`, without the exits: until the next entry the program can do nothing outside itself.
  entries,
  // Those that could change something, and write, fsync and the like. Between two of them all on
  // the disk is as it was at the exit of the first.
  changing
};

// Standard input and output are /dev/null, as is standard error unless WHYOOM_TEST_VERBOSE is set.
// Ends this process when ptrace cannot be used: see can_trace.
KillEnd run_and_kill(const std::vector<std::string>& argv, std::uint64_t stop,
                     Calls calls = Calls::all);

// A stop at which the program can be disturbed.
struct Stop {
  std::uint64_t index = 0;  // as for run_and_kill
  bool entry = false;
  std::uint64_t number = 0;  // of the system call, at an entry
  std::uint64_t arguments[6] = {};
};

struct Disturbance {
  enum class Kind : std::uint8_t {
    none,
    kill,
    fail,    // the call is not carried out and returns the error; at an entry
    shorten  // half as much is read or written; at an entry
  };
  Kind kind = Kind::none;
  int error = 0;  // of `fail`
};

// Asks `disturb` at each stop. Standard error goes to the file `errors_to`, if there is one.
KillEnd run_disturbed(const std::vector<std::string>& argv, Calls calls,
                      const std::string& errors_to,
                      const std::function<Disturbance(const Stop&)>& disturb);

// Calls on files that can return an error, other than a message to standard error.
bool is_file_call(const Stop& stop);
bool is_write(const Stop& stop);

// ptrace with a filter of system calls is allowed here.
bool can_trace();
// Calls can be made to fail: it is known how, for this kind of processor.
bool can_fail_calls();

// A run that is not traced: exit status, or 128 + signal.
int run(const std::vector<std::string>& argv, const std::string& errors_to = {});

}  // namespace whyoom::test
