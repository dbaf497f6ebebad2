// Reads a host out of its files. Never fails: what is not there becomes a Gap.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "host/files.h"
#include "host/host.h"

namespace whyoom::host {

struct ReadOptions {
  std::size_t most_processes = 131072;
  std::size_t most_cgroups = 4096;      // of one hierarchy
  unsigned most_depth = 32;             // of a cgroup under the mount
  std::size_t users_with_limits = 4;    // the users with the most tasks ...
  std::size_t limits_for_a_user = 16;   // ... and how many of their processes are asked
  std::size_t processes_with_maps = 3;  // those with the most threads: each thread has mappings
  std::optional<PageSize> page_size{};  // of the running machine; told from the numbers when empty
  std::size_t with_memory_limits = 16;  // processes: half by locked memory, half by address space
  bool processes = true;
  bool cgroups = true;
  // What somebody posted of a host, by name: its files are all that there is, and the rest is one
  // gap. Empty: it is a host.
  std::vector<std::string> posted{};
  std::vector<Gap> left_out{};         // of what they posted
  std::optional<ShellLimits> shell{};  // the same; its places get their source
  bool for_capture = false;            // also what no rule reads: people may want it later
};

Host read_host(Files& files, const ReadOptions& options = {});
// Only what the zones' watermarks are made of: the size of RAM, the zones, vm.min_free_kbytes.
Host read_marks(Files& files);

}  // namespace whyoom::host
