// The host that a command is asked about: this machine, a copy of another one's files, or a
// capture.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "host/facts.h"
#include "host/files.h"

namespace whyoom::app {

struct HostRoot {
  std::unique_ptr<host::Files> files;
  host::ReadOptions options;
  std::string name;         // as the user gave it; "/" = this machine
  bool is_capture = false;  // one file, or what was unpacked from it
};

// `root` empty = this machine. The error is a whole sentence.
tl::expected<HostRoot, std::string> open_host(const std::string& root);

}  // namespace whyoom::app
