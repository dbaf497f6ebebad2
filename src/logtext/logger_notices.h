// Lines that are about other lines: what was lost, what was repeated, what belongs to the
// transport.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace whyoom::logtext {

// The kernel, journald or rsyslog says that messages are missing.
struct Loss {
  std::uint32_t messages = 0;
  bool counted = true;    // false: some, nobody knows how many (`messages` is 1)
  std::string_view rest;  // text of the next message on the same line (kernels up to 4.4)
};

// `text` is freed of its framing. "%s: N callbacks suppressed" is no loss of that kind: it says
// that reports were not even written, and is left to the report layer.
std::optional<Loss> parse_loss(std::string_view text);

// "message repeated 3 times: [ text]"
struct Repeat {
  std::uint64_t times = 0;
  std::string_view text;  // empty: the message before ("last message repeated 3 times")
};
std::optional<Repeat> parse_repeat(std::string_view text);

// `before` is kernel text that ends inside the name of a process or of a cgroup, or may do so: what
// follows is of that name, which can be anything.
bool may_be_in_a_name(std::string_view before);

// journalctl's own lines between the entries ("-- Boot 0a1b --").
bool is_journal_note(std::string_view text);

// " SUBSYSTEM=pci", after a /dev/kmsg record.
bool is_kmsg_dictionary(std::string_view text);

}  // namespace whyoom::logtext
