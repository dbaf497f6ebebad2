// What ends the wait for the next sample before its time. Waited for with epoll: poll asks each
// file twice for each wait, and most waits end by the clock.
#pragma once

#include <cstdint>

#include "linux/descriptor.h"
#include "linux/recorder/kept_file.h"

namespace whyoom::linux {

class Wakeups {
 public:
  // Blocks the signals that end the recorder, and SIGCHLD: wait() tells of them.
  Wakeups();
  // `fd` has lines of the kernel's log; -1: none.
  void watch_messages(int fd);
  // `fd` has texts of the process that counts. Until it is closed.
  void watch_texts(int fd);

  struct Reasons {
    bool signal = false, message = false, text = false;
    bool pressure = false;  // a task waited for memory, for long
  };
  // Looks at least once, however short the time is.
  Reasons wait(std::uint64_t most_ms);
  // The last signal that came; 0: none but SIGCHLD.
  [[nodiscard]] int take_signal() const;

 private:
  enum class Source : std::uint8_t { signal, message, text, pressure };
  void watch(int fd, std::uint32_t events, Source source) const;
  void forget(int fd) const;

  Descriptor epoll_, signals_;
  KeptFile pressure_;
  int messages_ = -1;
};

}  // namespace whyoom::linux
