#include "linux/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace whyoom::linux {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

Terminal probe_terminal(int fd) {
  Terminal terminal;
  terminal.is_terminal = isatty(fd) == 1;
  winsize size{};
  if (terminal.is_terminal && ioctl(fd, TIOCGWINSZ, &size) == 0) {
    terminal.columns = size.ws_col;
  }
  terminal.columns_variable = variable("COLUMNS");
  terminal.term = variable("TERM");
  terminal.no_colour = variable("NO_COLOR");
  terminal.force_colour = variable("CLICOLOR_FORCE");
  return terminal;
}

unsigned width(const Terminal& terminal, std::optional<unsigned> wanted) {
  unsigned columns = default_width;
  if (wanted) {
    columns = *wanted;
  } else if (const auto set = parse_number<unsigned>(terminal.columns_variable); set && *set > 0) {
    columns = *set;
  } else if (terminal.columns > 0) {
    columns = terminal.columns;
  }
  return std::clamp(columns, min_width, max_width);
}

bool colour(const Terminal& terminal, ColourChoice choice) {
  switch (choice) {
    case ColourChoice::always:
      return true;
    case ColourChoice::never:
      return false;
    case ColourChoice::automatic:
      break;
  }
  if (!terminal.no_colour.empty()) {
    return false;
  }
  if (!terminal.force_colour.empty() && terminal.force_colour != "0") {
    return true;
  }
  return terminal.is_terminal && terminal.term != "dumb";
}

}  // namespace whyoom::linux
