// What `whyoom check` would say of a host with another value of a setting, before it has that
// value: the same rules over the host as it would be.
#pragma once

#include <string>
#include <vector>

#include "base/message.h"
#include "diagnose/host_check.h"
#include "host/sysctl_key.h"
#include "host/sysctl_path.h"

namespace whyoom::diagnose {

// What comes with the value, and what the check would have this very setting changed for. `after`:
// what the sysctl files say of the key then; without settings when they stay as they are.
std::vector<Message> value_risks(const HostCheck& check, const host::SysctlKey& key,
                                 const std::string& value, const host::SysctlHistory& after);

}  // namespace whyoom::diagnose
