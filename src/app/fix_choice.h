// Which settings a fix is about: the user's own, or the remedy of what is wrong with the host.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "advise/wanted.h"
#include "diagnose/finding.h"
#include "diagnose/host_check.h"
#include "memory/host_state.h"

namespace whyoom::app {

struct FixChoice {
  std::vector<advise::Wanted> wanted;
  std::string cause;                // empty: the user named the settings
  std::string summary;              // what the finding says
  std::vector<std::string> others;  // causes of this host that have a setting as well
  std::string elsewhere;            // a sentence, when the last event had another cause; else empty
};

// Why memory ran out the last time.
struct LastCause {
  std::string cause;         // id; empty: there is no event, or none whose cause can be told
  std::string place;         // file:line of the event
  bool has_setting = false;  // one of its remedies is a sysctl
  // Of a disk: its logs are all that tells what went wrong, so this is taken.
  std::optional<diagnose::Setting> setting{};
  std::string summary{};
};

struct NoFix {
  std::string why;  // a sentence
  bool is_error = false;
};

// The first that is a sysctl; null: none is.
const diagnose::Remedy* remedy_with_setting(const diagnose::Finding& finding);

tl::expected<FixChoice, NoFix> settings_of(const std::vector<std::string>& assignments,
                                           const memory::Machine& machine);

// The first finding with a setting: why memory ran out the last time, then what happens now before
// what can happen, and why memory runs out before what the kernel does then.
// `cause` empty = any.
tl::expected<FixChoice, NoFix> choose(const std::vector<diagnose::Finding>& findings,
                                      const std::string& cause, const LastCause& last,
                                      const memory::Machine& machine);

// Of a disk on which nothing was found: that what it sets was not judged.
NoFix nothing_on_disk(const diagnose::HostCheck& check, const std::string& root);

}  // namespace whyoom::app
