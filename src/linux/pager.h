// A pager between standard output and the terminal, as git has it: what is longer than the screen
// can be read back and forth, what is shorter is printed.
#pragma once

#include <sys/types.h>

#include <memory>

namespace whyoom::linux {

class Pager {
 public:
  // WHYOOM_PAGER, else PAGER, a command line for sh; else less, where it is installed. Nothing
  // where standard output is no terminal, or where the pager is "" or "cat". Before the first byte
  // is written, and before rights are given up. What less is told (LESS), where nothing is: show
  // colours, leave what is short on the screen, end when all is seen. It may start no shell.
  static std::unique_ptr<Pager> start();
  // The end of the output; waits until the reader has left. Write buffers must be flushed before.
  ~Pager();
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

 private:
  explicit Pager(pid_t child) : child_(child) {}

  pid_t child_;
};

}  // namespace whyoom::linux
