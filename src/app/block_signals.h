// Ctrl-C, a hang-up or a polite kill wait until a change of the machine is whole. (SIGKILL does
// not: the journal is for that.)
#pragma once

#include <csignal>

namespace whyoom::app {

class BlockSignals {
 public:
  BlockSignals() {
    sigset_t block;
    sigemptyset(&block);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
      sigaddset(&block, signal);
    }
    ::sigprocmask(SIG_BLOCK, &block, &before_);
  }
  ~BlockSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace whyoom::app
