// The names below /proc/sys, for a look at how a key is spelt. Those of vm are all that kernels
// from 2.6.18 to 6.18 and their distributions have; of the other folders most that are set by hand.
// Sources: Documentation/admin-guide/sysctl of those kernels, /proc/sys of 6.18.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::lint {

enum class Spelling {
  fine,          // known, or nobody can tell
  no_such_name,  // of vm: no kernel known here has it
  near           // not known, and near to one that is
};

struct SpellingOf {
  Spelling verdict = Spelling::fine;
  std::string meant;  // the key that is near; may be empty
};

// `key`: host::canonical_sysctl_key().
SpellingOf spelling_of(std::string_view key);

}  // namespace whyoom::lint
