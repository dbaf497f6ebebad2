#include "app/consent.h"

#include <unistd.h>

#include <cerrno>

namespace whyoom::app {

Consent ask(const std::string& question, linux::Output& errors) {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) {
    return Consent::nobody_to_ask;
  }
  errors.write(question + " [y/N] ");
  errors.flush();
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
    errors.write("\n");
  }
  return answer == "y" || answer == "Y" || answer == "yes" ? Consent::given : Consent::refused;
}

std::string needs_root(const ShellCommand& command) {
  return ::geteuid() == 0 ? std::string()
                          : "this changes the machine and needs root: " + command.text();
}

}  // namespace whyoom::app
