// What a user asks `whyoom fix` for: KEY=VALUE, with units, per cent and "default", as the text
// that goes to the kernel and into a file.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/message.h"
#include "host/sysctl_key.h"
#include "memory/machine.h"

namespace whyoom::advise {

struct Wanted {
  host::SysctlKey key;
  std::string value;  // "45056"; a value of host::is_sysctl_value
};

// "vm.min_free_kbytes=64M", "vm/min_free_kbytes=1%", "min_free_kbytes=default", "kernel.panic=10",
// "net.core.somaxconn=4096". A key that is not known here takes any text that can stand on a line.
// The message of a wrong value names what is allowed.
tl::expected<Wanted, Message> parse_wanted(std::string_view assignment,
                                           const memory::Machine& machine);

// The keys whose values are known here, and "; did you mean KEY?" for one that is near to `key`.
std::vector<std::string_view> known_keys();
std::string did_you_mean_key(std::string_view key);

}  // namespace whyoom::advise
