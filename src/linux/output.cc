#include "linux/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace whyoom::linux {
namespace {
constexpr std::size_t flush_at = std::size_t{64} * 1024;
}

void Output::write(std::string_view text) {
  if (closed_) {
    return;
  }
  buffer_.append(text);
  if (buffer_.size() >= flush_at) {
    flush();
  }
}

void Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !closed_) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{fd_, POLLOUT, 0};
      (void)poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      closed_ = true;
      if (errno != EPIPE) {
        error_ = std::generic_category().message(errno);
      }
    }
  }
  buffer_.clear();
}

bool hold_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) {
      continue;
    }
    // The lowest free number is this one: those below it are open by now. Kept open to the end.
    const int held = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (held != fd) {
      return false;
    }
  }
  return true;
}

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace whyoom::linux
