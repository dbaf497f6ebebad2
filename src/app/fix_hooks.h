// How a fix writes a running value on this machine, and how it sees that all is as planned.
#pragma once

#include <cstdint>
#include <vector>

#include "advise/wanted.h"
#include "app/command.h"
#include "fix/apply.h"

namespace whyoom::app {

// vm.min_free_kbytes goes up in steps, with a look at the machine before each: it stops before the
// kernel would kill. `look` false: no step and no look (an undo that the user forces).
// `files`: the sysctl files are part of the fix, and must say the same.
fix::ApplyHooks fix_hooks(const std::vector<advise::Wanted>& wanted, bool files, bool look,
                          Console& io);

// The values on the way from `from` to `to`, `to` last. One when it does not go up by much.
std::vector<std::uint64_t> steps_up(std::uint64_t from, std::uint64_t to);

}  // namespace whyoom::app
