#include "linux/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/text.h"
#include "linux/file_system.h"

namespace whyoom::linux {
namespace {
constexpr std::size_t flush_at = std::size_t{64} * 1024;
}

void Output::write(std::string_view text) {
  if (kind_ == Kind::as_it_is) {
    write_rendered(text);
    return;
  }
  std::string lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines += printable(text.substr(0, end)) + "\n";
    text.remove_prefix(end + 1);
  }
  write_rendered(lines + printable(text));
}

void Output::write_rendered(std::string_view text) {
  if (closed_ || text.empty()) {
    return;
  }
  if (before_next_) {
    std::exchange(before_next_, nullptr)();
  }
  buffer_.append(text);
  if (buffer_.size() >= flush_at) {
    flush();
  }
}

void Output::flush() {
  const int error = closed_ ? 0 : write_all(fd_, buffer_);
  if (error != 0) {
    closed_ = true;
    error_ = error == EPIPE ? std::string() : errno_text(error);
  }
  buffer_.clear();
}

bool hold_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) {
      continue;
    }
    // The lowest free number is this one: those below it are open by now. Opened for what nobody
    // does with it, and kept open to the end.
    int held = ::open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    if (held < 0) {
      held = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (held != fd) {
      return false;
    }
  }
  return true;
}

void ignore_signals_of_writing() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace whyoom::linux
