// What `whyoom fix KEY=VALUE...` would do on a host, and what that does to the host. Pure data: it
// is shown, asked for, and only then applied.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "advise/change.h"
#include "advise/sysctl_edit.h"
#include "advise/wanted.h"
#include "base/message.h"
#include "host/files.h"
#include "memory/host_state.h"

namespace whyoom::advise {

struct PlannedSetting {
  explicit PlannedSetting(Wanted what) : wanted(std::move(what)) {}

  Wanted wanted;
  std::optional<std::string> running;  // as it is; empty: this host's files do not tell
  bool sets_running = false;           // the running value is part of the change
  SysctlEdit sysctl;                   // why each line changes; after the settings before it
  [[nodiscard]] bool changes() const { return sets_running || !sysctl.empty(); }
  // The value that the kernel has is another one, or it is not known.
  [[nodiscard]] bool is_new() const {
    return !running || !same_sysctl_value(*running, wanted.value);
  }
};

struct Plan {
  std::string cause;                      // whose remedy it is; empty: the user named the settings
  std::vector<PlannedSetting> settings;   // in the user's order, each key once; at least one
  Change change;                          // of all of them
  std::optional<memory::WhatIf> what_if;  // of all of them that what-if knows
  // Raising vm.min_free_kbytes or vm.nr_hugepages can make the kernel kill.
  std::optional<memory::OomThreshold> kills_from;
  bool raises_min_free = false;
  Message refusal;             // the kernel would kill at once; empty: it would not
  std::vector<Message> risks;  // to know before one says yes
  bool boot_unsure = false;    // one of the risks: the next boot may not read or not have the files
  std::vector<Message> notes;  // what else sets a key
};

// What a check would say of the host once it has the values of the settings that change.
using CheckAfter = std::function<std::vector<Message>(const std::vector<PlannedSetting>& settings)>;

// The message of an error says why it cannot be done and what to do.
tl::expected<Plan, Message> make_plan(host::Files& files, const memory::HostState& state,
                                      const std::vector<Wanted>& wanted,
                                      const CheckAfter& check = nullptr, bool set_running = true);

// What new values do together to the host as it is; fills what_if, kills_from and refusal. For an
// undo, too.
void judge_values(Plan& plan, const memory::HostState& state);

}  // namespace whyoom::advise
