#include "app/consent.h"

#include <unistd.h>

#include <cerrno>

#include "base/language.h"

namespace whyoom::app {

Consent ask(const std::string& question, Console& io) {
  io.out.flush();
  if (io.out.closed()) {
    return Consent::not_shown;
  }
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) {
    return Consent::nobody_to_ask;
  }
  io.errors.write(question + " [y/N] ");
  io.errors.flush();
  if (io.errors.closed()) {
    return Consent::not_shown;
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
  return answer == "y" || answer == "Y" || answer == "yes" ? Consent::given : Consent::refused;
}

std::string why_not(Consent consent) {
  switch (consent) {
    case Consent::given:
      return {};
    case Consent::refused:
      return tr("nothing was changed");
    case Consent::nobody_to_ask:
      return tr("nothing was changed: there is no terminal to ask on; add --yes to go on without");
    case Consent::not_shown:
      return tr(
          "nothing was changed: what is to be done could not be shown; add --yes to go on without");
  }
  return tr("nothing was changed");
}

std::string needs_root(const ShellCommand& command) {
  return ::geteuid() == 0 ? std::string()
                          : tr("this changes the machine and needs root: {}", command.text());
}

}  // namespace whyoom::app
