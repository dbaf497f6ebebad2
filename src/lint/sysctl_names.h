// The names below /proc/sys, for a look at how a key is spelt. Those of vm are all that kernels
// from 2.6.18 to 6.18 and their distributions have; of the other folders most that are set by hand.
// Sources: Documentation/admin-guide/sysctl of those kernels, /proc/sys of 6.18.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace whyoom::lint {

// Of a key that no kernel known here has the one that is near to it: empty where it is one of vm
// and near to none. nullopt: the key is known, or nobody can tell. `key`:
// host::canonical_sysctl_key().
std::optional<std::string> meant_key(std::string_view key);

}  // namespace whyoom::lint
