// The names of a machine, and of others that its logs name, replaced by placeholders: "host-1" is
// the machine itself, "host-2" the next name that came up, "domain-1" its domain. The same name
// gets the same placeholder everywhere in a capture, so that what belongs together still does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/files.h"

namespace whyoom::host {

// As the kernel has the machine's name, and as /etc/hostname has it: what of it can be read, not
// printable() yet.
std::vector<std::string> own_names(Files& files);

class HostNames {
 public:
  // The kernel's hostname and domain, /etc/hostname, and its other names in /etc/hosts.
  void add_own(Files& files);
  // A name in the framing of a log.
  void add(std::string_view name);

  // Each name as a whole word, in any case of letters. A name that is a word of the kernel's or of
  // configuration files ("node", "vm") is left, because the text would no longer mean the same.
  [[nodiscard]] std::string replaced(std::string_view text) const;
  // Also such names, where the framing of a line has them.
  [[nodiscard]] std::string replaced_in_log(std::string_view log) const;
  // Names that `replaced` leaves.
  [[nodiscard]] std::vector<std::string> left() const;

 private:
  struct Name {
    std::string name, placeholder;
    bool common = false;  // a word that means something else as well
  };
  void add_as(std::string_view name, const std::string& placeholder);
  void add_domain(std::string_view domain);
  void add_with_domain(std::string_view name, const std::string& placeholder);
  void replace_in_line(std::string_view line, std::string& out) const;

  std::vector<Name> names_;  // the longest first
  unsigned hosts_ = 1, domains_ = 0;
};

}  // namespace whyoom::host
