// A directory becomes the root of this process: every path is one below it from then on, and no
// symbolic link, no ".." and no journal leads out of it.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace whyoom::linux {

// Needs root. What was opened before stays open. The error is a whole sentence.
tl::expected<void, std::string> change_root(const std::string& directory);

}  // namespace whyoom::linux
