// Every OOM event in the logs of this machine, of a copy of one below a directory, or in a capture:
// each once, the most complete copy of it, in the order of time, explained.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "app/host_root.h"
#include "diagnose/event.h"
#include "render/render.h"

namespace whyoom::app {

struct HostLogOptions {
  std::function<bool()> stop;  // true: nobody wants more; may be empty
  bool keep_lines = false;     // the reports come with their lines
};

// The events come when all logs are read. The summary has all but how many were shown; the error
// says why the logs cannot be read.
tl::expected<render::Summary, std::string> read_host_log(
    const HostRoot& root, const HostLogOptions& options,
    const std::function<void(std::unique_ptr<diagnose::Event>)>& sink);

}  // namespace whyoom::app
