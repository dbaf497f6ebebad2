#include "report/others_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/open_event.h"

namespace whyoom::report {

bool begins_behind_name(std::string_view line, std::size_t before) {
  return std::ranges::any_of(
      std::array<std::string_view, 2>{" invoked oom-killer:", ": page allocation failure"},
      [&](std::string_view mark) {
        const std::size_t at = line.find(mark);
        return at != std::string_view::npos && before + at <= longest_comm;
      });
}

bool is_of_a_process(std::string_view line) {
  constexpr std::string_view trap = "traps: ";
  const std::string_view rest = line.starts_with(trap) ? line.substr(trap.size()) : line;
  const std::size_t bracket = rest.substr(0, longest_comm + 1).find('[', 1);
  if (bracket == std::string_view::npos) {
    const auto begins = [line](std::string_view with) { return line.starts_with(with); };
    return begins("process '") || begins("User process fault: ") ||  // of s390
           begins("epc = ") || begins("ra  = ");                     // of MIPS
  }
  Cursor behind(rest.substr(bracket + 1));
  return !line.starts_with("kernel[") && behind.take_unsigned() && behind.take(']') &&
         behind.take(rest.data() == line.data() ? ": " : " ") &&
         !begins_behind_name(line, 0);  // of "systemd[1]:"
}

std::size_t others_words(std::string_view line) {
  constexpr std::string_view bad_option = "tmpfs: Bad mount option ";
  if (line.starts_with(bad_option)) {
    return bad_option.size();
  }
  std::size_t first = std::string_view::npos;
  for (const char quote : {'\'', '"'}) {
    for (std::size_t at = line.find(quote, 1); at < first; at = line.find(quote, at + 1)) {
      first = line[at - 1] == ' ' || line[at - 1] == '=' ? at : first;
    }
  }
  return first;
}

}  // namespace whyoom::report
