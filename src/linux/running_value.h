// A value below /proc/sys: read, written, read back. Errors are whole sentences.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "advise/change.h"

namespace whyoom::linux {

// Without white space at its end.
tl::expected<std::string, std::string> read_running(const std::string& path);

// It can be opened to be written; nothing is written.
tl::expected<void, std::string> can_write_running(const advise::RunningEdit& edit);

// `edit.after` in one write, then read back: an error when the kernel keeps something else.
tl::expected<void, std::string> write_running(const advise::RunningEdit& edit);

}  // namespace whyoom::linux
