// The logs of a host as streams, wherever they are: this machine's, those of a copy below a
// directory, or the excerpts in a capture.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "app/host_root.h"
#include "linux/log_sources.h"

namespace whyoom::app {

// The clocks of the machine whose logs they are, as far as known.
struct LogClocks {
  linux::MachineClock clock;
  std::int64_t now_us = 0;  // when the logs were taken, since 1970
};

// `known` is called before any log. The error says why no log can be read.
tl::expected<LogClocks, std::string> read_log_streams(
    const HostRoot& root, const linux::LogSink& sink,
    const std::function<void(const LogClocks&)>& known = nullptr);

}  // namespace whyoom::app
