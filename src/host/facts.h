// All that a check of a host needs, read through one set of files, so that a recording of the files
// that were read gives the same facts again.
#pragma once

#include <string>
#include <vector>

#include "host/files.h"
#include "host/host.h"
#include "host/read_host.h"
#include "host/sysctl_path.h"
#include "host/sysctl_setters.h"

namespace whyoom::host {

struct HostFacts {
  Host host;
  std::string name{};              // own_names() has it first; printable(), empty = not known
  SysctlHistory min_free_history;  // who sets vm.min_free_kbytes
  std::vector<SysctlSetter> min_free_setters;
  SysctlHistory huge_pages_history;  // of vm.nr_hugepages
};

HostFacts read_facts(Files& files, const ReadOptions& options = {});

}  // namespace whyoom::host
