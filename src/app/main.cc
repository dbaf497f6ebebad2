#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "app/command.h"

// The library's own, which this takes the place of, prints the name of the exception's type and
// brings a demangler of 45 kB into a static program for it.
namespace __gnu_cxx {  // NOLINT(bugprone-reserved-identifier,cert-dcl51-cpp): the library's name
void __verbose_terminate_handler() {  // NOLINT(bugprone-reserved-identifier,cert-dcl51-cpp)
  constexpr std::string_view message =
      "whyoom: stopped by a fault of its own. Please report it, with the command.\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, message.data(), message.size());
  std::abort();
}
}  // namespace __gnu_cxx

int main(int argc, char** argv) { return whyoom::app::run(argc, argv); }
