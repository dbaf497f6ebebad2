// One sample of this machine: all files open, all buffers there before the first one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/units.h"
#include "linux/recorder/full_cgroups.h"
#include "linux/recorder/kept_file.h"
#include "linux/recorder/top_processes.h"
#include "record/headroom.h"
#include "record/sample.h"

namespace whyoom::linux {

// When a kind of files is read: with each sample near trouble, else with one of some, so that it is
// never older than `longest_ms`. The kinds take turns: of what is read at once all but the first
// finds the kernel's code warm, and takes a third of the time.
class Turn {
 public:
  explicit Turn(unsigned place, std::uint64_t longest_ms = 20'000)
      : place_(place), longest_ms_(longest_ms) {}
  // The milliseconds since it was read; nullopt: it is not its turn. `every`: one sample of so
  // many.
  std::optional<std::uint64_t> take(std::uint64_t now_ms, unsigned sample, unsigned every) {
    if ((sample + place_) % every != 0 && now_ms - at_ms_ < longest_ms_) {
      return std::nullopt;
    }
    return now_ms - std::exchange(at_ms_, now_ms);
  }

 private:
  unsigned place_;
  std::uint64_t longest_ms_, at_ms_ = 0;
};

class Sampler {
 public:
  explicit Sampler(PageSize page);
  // The nearer trouble is, the more of the machine is looked at. `whole`: no number of an earlier
  // sample stands in.
  void take(record::Sample& sample, record::Closeness closeness, bool whole);
  void take_first(record::Sample& sample);  // all processes and cgroups

  [[nodiscard]] bool sees_memory() const { return static_cast<bool>(meminfo_); }
  TopProcesses& processes() { return *processes_; }
  FullCgroups& cgroups() { return *cgroups_; }

 private:
  // True: much of memory came or went, or a setting changed, since the zones were read.
  bool take_machine(record::Sample& sample, unsigned every);
  void read_settings(record::MachineFields& machine, bool all);
  [[nodiscard]] bool has_changed(const record::MachineFields& machine) const;
  void want_of_cgroups();

  KeptFile meminfo_, vmstat_, zoneinfo_, pressure_, loadavg_;
  std::vector<KeptFile> settings_;
  record::MachineFields known_settings_;
  unsigned samples_ = 0;
  Turn machine_turn_{0}, processes_turn_{5}, cgroups_turn_{10};
  Turn pressure_turn_{0, 2000}, tasks_turn_{1, 2000};
  // When the zones were read last.
  std::uint64_t zones_available_ = 0, zones_waited_us_ = 0;
  std::optional<std::uint64_t> zones_min_free_;
  std::unique_ptr<TopProcesses> processes_;
  std::unique_ptr<FullCgroups> cgroups_;
  std::unique_ptr<char[]> room_;  // not touched before it is used
};

}  // namespace whyoom::linux
