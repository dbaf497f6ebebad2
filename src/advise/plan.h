// What `whyoom fix KEY=VALUE` would do on a host, and what that does to the host. Pure data: it is
// shown, asked for, and only then applied.
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

struct Plan {
  explicit Plan(Wanted what) : wanted(std::move(what)) {}

  Wanted wanted;
  std::string cause;                   // whose remedy it is; empty: the user named the setting
  std::optional<std::string> running;  // as it is; empty: this host's files do not tell
  Change change;
  SysctlEdit sysctl;                      // why each line changes
  std::optional<memory::WhatIf> what_if;  // of a key that what-if knows
  // Raising vm.min_free_kbytes or vm.nr_hugepages can make the kernel kill.
  std::optional<memory::OomThreshold> kills_from;
  bool raises_min_free = false;
  Message refusal;             // the kernel would kill at once; empty: it would not
  std::vector<Message> risks;  // to know before one says yes
  std::vector<Message> notes;  // what else sets the key
};

// What a check would say of the host once it has the value, when the sysctl files say `after`.
using CheckAfter = std::function<std::vector<Message>(const host::SysctlHistory& after)>;

// The message of an error says why it cannot be done and what to do.
tl::expected<Plan, Message> make_plan(host::Files& files, const memory::HostState& state,
                                      const Wanted& wanted, const CheckAfter& check = nullptr,
                                      bool set_running = true);

// What a new value of a key does to the host as it is; fills what_if, kills_from and refusal.
// For an undo, too.
void judge_value(Plan& plan, const memory::HostState& state);

}  // namespace whyoom::advise
