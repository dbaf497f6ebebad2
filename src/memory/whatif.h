// What other settings would have done at this moment: the marks of each zone, the memory that they
// keep out of reach, and whether the request would have passed. The same arithmetic as the kernel's
// (memory/watermarks.h); nothing is simulated, the free memory stays as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/message.h"
#include "memory/machine.h"
#include "memory/settings.h"

namespace whyoom::memory {

struct ZoneMoment {
  Watermarks marks;  // without boost
  Pages boost, reserve;
  Pages usable;  // free, less what this request may not have
  Pages floor;   // usable must be above it
  [[nodiscard]] Pages within_reach() const { return usable - floor; }
  [[nodiscard]] Pages out_of_reach() const { return std::min(usable, floor); }
};

struct ZoneChange {
  int node = 0;
  std::string name;
  bool eligible = false;
  Pages managed;
  ZoneMoment before, after;
};

struct RequestChange {
  bool passes_before = false, passes_after = false;
};

enum class Fate : std::uint8_t { kill, panic };

struct SettingChange {
  std::string key;
  std::optional<std::string> before;  // as the kernel shows it; empty = the evidence does not tell
  std::string after;
};

struct WhatIf {
  std::vector<SettingChange> settings;
  std::vector<ZoneChange> zones;
  // Sums over the zones that the request may use.
  Bytes out_of_reach_before, out_of_reach_after;
  Bytes within_reach_before, within_reach_after;
  std::optional<RequestChange> request;         // nullopt: the evidence does not tell
  std::optional<Fate> fate_before, fate_after;  // of a request that fails; for vm.panic_on_oom
  std::vector<Message> assumptions;
  std::optional<std::size_t> no_effect;  // the assumption that says that nothing changes
};

WhatIf what_if(const Machine& machine, const Settings& settings);

}  // namespace whyoom::memory
