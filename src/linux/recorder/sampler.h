// One sample of this machine: all files open, all buffers there before the first one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/units.h"
#include "linux/recorder/full_cgroups.h"
#include "linux/recorder/kept_file.h"
#include "linux/recorder/top_processes.h"
#include "record/headroom.h"
#include "record/sample.h"

namespace whyoom::linux {

class Sampler {
 public:
  explicit Sampler(PageSize page);
  // The nearer trouble is, the more of the machine is looked at.
  void take(record::Sample& sample, record::Closeness closeness);
  void take_whole(record::Sample& sample);  // all processes and cgroups

  [[nodiscard]] bool sees_memory() const { return static_cast<bool>(meminfo_); }
  TopProcesses& processes() { return *processes_; }
  FullCgroups& cgroups() { return *cgroups_; }

 private:
  void take_machine(record::Sample& sample, bool calm);
  void read_settings(record::MachineFields& machine);
  bool needs_zones(const record::MachineFields& machine, bool calm);
  void want_of_cgroups();

  KeptFile meminfo_, vmstat_, zoneinfo_, pressure_, loadavg_;
  std::vector<KeptFile> settings_;
  record::MachineFields known_settings_;
  unsigned looks_ = 0;
  // When the zones were read last.
  std::uint64_t zones_available_ = 0, zones_waited_us_ = 0;
  std::optional<std::uint64_t> zones_min_free_;
  std::unique_ptr<TopProcesses> processes_;
  std::unique_ptr<FullCgroups> cgroups_;
  std::unique_ptr<char[]> room_;  // not touched before it is used
};

}  // namespace whyoom::linux
