#include "app/consent.h"

#include <unistd.h>

#include <cerrno>

#include "base/language.h"

namespace whyoom::app {

std::string why_not(bool yes, const std::string& question, Console& io) {
  if (yes) {
    return {};
  }
  const auto not_shown = [] {
    return tr(
        "nothing was changed: what is to be done could not be shown; add --yes to go on without");
  };
  io.out.flush();
  if (io.out.closed()) {
    return not_shown();
  }
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) {
    return tr("nothing was changed: there is no terminal to ask on; add --yes to go on without");
  }
  io.errors.write(question + " [y/N] ");
  io.errors.flush();
  if (io.errors.closed()) {
    return not_shown();
  }
  std::string answer;
  char byte = 0;
  ssize_t got = 0;
  while ((got = ::read(STDIN_FILENO, &byte, 1)) != 0 && byte != '\n') {
    if (got > 0) {
      answer += byte;
    } else if (errno != EINTR) {
      break;
    }
  }
  if (got == 0) {
    io.errors.write("\n");
  }
  return answer == "y" || answer == "Y" || answer == "yes" ? std::string()
                                                           : tr("nothing was changed");
}

std::string needs_root(const ShellCommand& command) {
  return ::geteuid() == 0 ? std::string()
                          : tr("this changes the machine and needs root: {}", command.text());
}

}  // namespace whyoom::app
