#include "publish/stop.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace whyoom::publish {
namespace {

volatile std::sig_atomic_t stopped = 0;
int wake[2] = {-1, -1};

void stop(int /*signal*/) {
  stopped = 1;
  (void)!::write(wake[1], "", 1);
}

}  // namespace

void remember_signals() {
  if (::pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) {
    return;
  }
  struct sigaction action {};
  action.sa_handler = stop;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ::sigaction(signal, &action, nullptr);
  }
  ::signal(SIGPIPE, SIG_IGN);
}

bool is_stopped() { return stopped != 0; }

bool wait_for(Milliseconds time, int file) {
  const auto until = Clock::now() + time;
  while (!is_stopped()) {
    const auto left =
        std::chrono::duration_cast<Milliseconds>(until - Clock::now()) + Milliseconds(1);
    if (left.count() <= 1) {
      // The file is looked at once also where nothing is to be waited for.
      if (file < 0 || time.count() > 0) {
        return true;
      }
    }
    pollfd files[2] = {{wake[0], POLLIN, 0}, {file, POLLIN, 0}};
    const int got = ::poll(files, file < 0 ? 1 : 2,
                           static_cast<int>(std::clamp<long long>(left.count(), 0, 60'000)));
    if (file >= 0 && (time.count() <= 0 || (got > 0 && files[1].revents != 0))) {
      return !is_stopped();
    }
  }
  return false;
}

}  // namespace whyoom::publish
