// What `whyoom check` would say of a host with other values of settings, before it has
// them: the same rules over the host as it would be.
#pragma once

#include <string>
#include <vector>

#include "base/message.h"
#include "diagnose/host_check.h"
#include "host/sysctl_key.h"
#include "host/sysctl_path.h"

namespace whyoom::diagnose {

struct NewValue {
  host::SysctlKey key;
  std::string value;
  // What the sysctl files say of the key then; without settings when they stay as they are.
  host::SysctlHistory after;
};

// What comes with the values together, and what the check would have these very settings changed
// for.
std::vector<Message> value_risks(const HostCheck& check, const std::vector<NewValue>& values);

}  // namespace whyoom::diagnose
