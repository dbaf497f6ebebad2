// A pager between standard output and the terminal, as git has it: what is longer than the screen
// can be read back and forth, what is shorter is printed.
#pragma once

#include <sys/types.h>

#include <memory>

#include "linux/output.h"

namespace whyoom::linux {

class Pager {
 public:
  // WHYOOM_PAGER, else PAGER, a command line for sh; else less, where it is installed. Nothing
  // where standard output is no terminal, or where the pager is "" or "cat". Before the first byte
  // is written, and before rights are given up. What less is told (LESS), where nothing is: show
  // colours, leave what is short on the screen, end when all is seen. It may start no shell.
  // `out` writes to standard output, and must outlive the pager.
  static std::unique_ptr<Pager> start(Output& out);
  // Writes what is left of the output, and waits until the reader has left.
  ~Pager();
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

 private:
  Pager(Output& out, pid_t child) : out_(out), child_(child) {}

  Output& out_;
  pid_t child_;
};

}  // namespace whyoom::linux
