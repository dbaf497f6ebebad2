#include "linux/standard_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace whyoom::linux {
namespace {

constexpr int silence_ms = 2000;
constexpr int start_ms = 200;

bool has_bytes_left(const struct stat& status) {
  const off_t at = ::lseek(STDIN_FILENO, 0, SEEK_CUR);
  return at >= 0 && at < status.st_size;
}

// Of a pipe or a socket that poll() calls ready. nullopt: not yet, the wake-up was for nothing.
std::optional<bool> first_byte(bool is_socket, short events) {
  if (is_socket) {
    char byte = 0;
    const ssize_t got = ::recv(STDIN_FILENO, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return std::nullopt;
    }
    return got > 0;
  }
  int waiting = 0;
  if (::ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0) {
    return true;
  }
  return (events & (POLLHUP | POLLERR | POLLNVAL)) != 0 ? std::optional(false) : std::nullopt;
}

}  // namespace

bool input_is_piped() {
  struct stat status {};
  const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY ||
      ::fstat(STDIN_FILENO, &status) != 0) {
    return false;
  }
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
         (S_ISREG(status.st_mode) && has_bytes_left(status));
}

bool wait_for_input(const std::function<void()>& silent) {
  struct stat status {};
  if (::fstat(STDIN_FILENO, &status) != 0) {
    return false;
  }
  if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    return !S_ISREG(status.st_mode) || has_bytes_left(status);  // a device does not tell
  }
  bool told = false;
  for (;;) {
    pollfd wanted{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, told ? -1 : silence_ms);
    if (ready == 0) {
      silent();
      told = true;
    } else if (ready > 0) {
      if (const auto sent = first_byte(S_ISSOCK(status.st_mode), wanted.revents)) {
        return *sent;
      }
    } else if (errno != EINTR) {
      return false;
    }
  }
}

bool input_is_waiting() {
  struct stat status {};
  if (::fstat(STDIN_FILENO, &status) != 0) {
    return false;
  }
  if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    return S_ISREG(status.st_mode) && has_bytes_left(status);
  }
  pollfd wanted{STDIN_FILENO, POLLIN, 0};
  return ::poll(&wanted, 1, start_ms) > 0 &&
         first_byte(S_ISSOCK(status.st_mode), wanted.revents).value_or(false);
}

}  // namespace whyoom::linux
