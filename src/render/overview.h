// The answer of `whyoom` alone: what happened, whether it is still so, and what to do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/event.h"
#include "diagnose/host_check.h"
#include "render/render.h"

namespace whyoom::render {

// One story of the host's logs: its first event, and how many followed from it.
struct StoryHead {
  const diagnose::Event* first = nullptr;
  std::uint64_t followers = 0;
};

// Where the logs came from, in words, one line each: "the journal, since Nov 20 07:41".
struct Overview {
  std::vector<StoryHead> stories;  // oldest first
  std::vector<std::string> sources;
  std::vector<std::string> gaps;  // logs that could not be read
};

std::string text_overview(const Overview& overview, const diagnose::HostCheck& check,
                          const TextStyle& style);

}  // namespace whyoom::render
