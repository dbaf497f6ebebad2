// An Ansible play that fixes many hosts, each by what `whyoom` finds on it: from what was found of
// them in a fleet's events. tests/deploy gives it to ansible-playbook.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "advise/wanted.h"
#include "base/message.h"

namespace whyoom::advise {

// A name that stands in YAML, in Ansible and on a command line for nothing but a host: letters,
// digits and "._-", a letter or a digit first, at most 253 characters (RFC 1035).
bool is_host_name(std::string_view text);

// "1,10%,25%": how many hosts at a time, the last one until all are done. The message of a wrong
// one says what can stand there.
tl::expected<std::vector<std::string>, Message> parse_batches(std::string_view text);

struct Play {
  std::string cause;               // what `whyoom check` must not find any more
  std::string setting;             // KEY=VALUE; empty: what the host's own check advises
  std::vector<std::string> hosts;  // each an is_host_name(), each once
  std::vector<std::string> batches;
};

// Several hosts at a time, stopped at the first that fails; one that is fixed already stays as it
// is. Hosts that the inventory does not have are told, and groups of such a name are not taken.
std::string play_text(const Play& play);

}  // namespace whyoom::advise
