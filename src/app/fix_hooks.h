// How a fix writes a running value on this machine, and how it sees that all is as planned.
#pragma once

#include <vector>

#include "advise/wanted.h"
#include "app/command.h"
#include "fix/apply.h"

namespace whyoom::app {

struct HookOptions {
  bool files = false;  // the sysctl files are part of the fix, and must say the same
  // vm.min_free_kbytes goes up in steps, with a look at the machine before each: it stops before
  // the kernel would kill. Not so for what the user forces.
  bool look = true;
  bool disk = false;  // the root of this process is a disk's: nothing that runs is looked at
};
fix::ApplyHooks fix_hooks(const std::vector<advise::Wanted>& wanted, const HookOptions& options,
                          Console& io);

}  // namespace whyoom::app
