// The logs of a host as streams, wherever they are: this machine's, those of a copy below a
// directory, or the excerpts in a capture.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "app/host_root.h"
#include "linux/log_sources.h"

namespace whyoom::app {

// `known` is called before any log. The error says why no log can be read.
tl::expected<linux::MachineClock, std::string> read_log_streams(
    const HostRoot& root, const linux::LogSink& sink,
    const std::function<void(const linux::MachineClock&)>& known = nullptr);

}  // namespace whyoom::app
