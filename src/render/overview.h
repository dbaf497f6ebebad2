// The answer of `whyoom` alone: what happened, whether it is still so, and what to do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/event.h"
#include "diagnose/host_check.h"
#include "render/layout.h"
#include "render/render.h"

namespace whyoom::render {

// One story of the host's logs: its first event, how many followed from it, and the panic that
// ended it, where that is another event's.
struct StoryHead {
  const diagnose::Event* first = nullptr;
  std::uint64_t followers = 0;
  const report::Panic* end = nullptr;
};

struct Overview {
  std::vector<StoryHead> stories;  // oldest first; without what is unverified
  std::uint64_t unverified = 0;    // events that others could have written
  std::string unverified_why;      // of the last of them
  std::vector<LogSource> sources;
  std::string root;           // as given with --root; empty = this machine
  std::string last_boot;      // how the boot before this one ended, when that was not in order
  bool more_as_root = false;  // another user would see what this one could not
};

// As much as fits into the 24 lines of a terminal, its prompt left out; what there is no room for
// is named with the command that shows it.
std::string text_overview(const Overview& overview, const diagnose::HostCheck& check,
                          const TextStyle& style);

}  // namespace whyoom::render
