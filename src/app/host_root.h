// The host that a command is asked about: this machine, a copy of another one's files, a capture,
// or what somebody posted of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "host/facts.h"
#include "host/files.h"
#include "linux/input.h"

namespace whyoom::app {

enum class HostKind : std::uint8_t {
  machine,  // this one
  running,  // the root of a running system, as a pod or a container sees it
  disk,     // of a system that does not run: it has an etc/, and no proc/ of its own
  copy      // files of a system, with what its kernel showed, or without an etc/
};

struct HostRoot {
  std::unique_ptr<host::Files> files;
  host::ReadOptions options;
  std::string name;         // as the user gave it; "/" = this machine
  bool is_capture = false;  // one file, or what was unpacked from it
  HostKind kind = HostKind::copy;
};

// `root` empty = this machine, "-" = standard input. A file is opened first, then the process gives
// up its rights as `sandbox` says, then it is read. The error is a whole sentence.
tl::expected<HostRoot, std::string> open_host(const std::string& root,
                                              linux::SandboxChoice sandbox);
// The same for a capture that is open.
tl::expected<HostRoot, std::string> capture_host(const linux::Input& input);
// The files of a disk that is the root of this process now (disk.h).
tl::expected<std::unique_ptr<host::Files>, std::string> files_of_new_root();
// What to say of a host whose files tell nothing of its memory; empty: they do. `root` as above.
std::string why_no_host(const std::string& root, const host::Host& host);

}  // namespace whyoom::app
