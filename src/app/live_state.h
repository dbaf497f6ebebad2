// This machine's memory as it is at this moment, for a look before, between and after changes.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "advise/wanted.h"
#include "host/files.h"
#include "host/host.h"
#include "linux/sandbox.h"
#include "memory/host_state.h"

namespace whyoom::app {

struct LiveState {
  std::unique_ptr<host::Files> files;
  std::unique_ptr<host::Host> host;
  memory::HostState state;  // points into the host
};

// Zones and settings, without processes and cgroups, of a host as open_host() opens it.
tl::expected<LiveState, std::string> read_state(
    const std::string& root = {}, linux::SandboxChoice sandbox = linux::SandboxChoice::automatic);

// Whether the zones' marks are those that the kernel makes of its settings, to one page; a boost
// that moves all marks of a zone alike does not count. The error names the zone.
tl::expected<void, std::string> check_marks(const memory::Machine& machine);

// Whether a boot, `sysctl --system` and `sysctl -p` of a machine would leave the value.
tl::expected<void, std::string> check_files(host::Files& files, const advise::Wanted& wanted);

}  // namespace whyoom::app
