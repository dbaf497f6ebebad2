// The host that a command is asked about: this machine, a copy of another one's files, or a
// capture.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "host/facts.h"
#include "host/files.h"
#include "linux/input.h"

namespace whyoom::app {

struct HostRoot {
  std::unique_ptr<host::Files> files;
  host::ReadOptions options;
  std::string name;         // as the user gave it; "/" = this machine
  bool is_capture = false;  // one file, or what was unpacked from it
};

// `root` empty = this machine. A capture is opened first, then the process gives up its rights as
// `sandbox` says, then it is read. The error is a whole sentence.
tl::expected<HostRoot, std::string> open_host(const std::string& root,
                                              linux::SandboxChoice sandbox);
// The same for a capture that is open.
tl::expected<HostRoot, std::string> capture_host(const linux::Input& input);

}  // namespace whyoom::app
