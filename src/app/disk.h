// A fix and its undo on the disk of a system that does not run: --root DIR in a rescue system.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "app/host_root.h"
#include "fix/store.h"

namespace whyoom::app {

// Why what is at --root cannot be changed; empty: it is a disk. `fixes`: of those that were made.
std::string why_not_changed(HostKind kind, const std::string& root, bool fixes = false);
// The disk becomes the root of this process, when `root` is given. The error is a sentence.
tl::expected<void, std::string> enter_disk(const std::string& root);
// The journal of this machine, or of the disk that was entered.
fix::StoreOptions store_of(const std::string& root);
// What of a fix is about that: of a disk nothing that runs.
fix::FixRecord part_on(const std::string& root, fix::FixRecord record);
// " --root DIR" for a command to be pasted; empty without one.
std::string root_option(const std::string& root);

}  // namespace whyoom::app
