// The answer of `whyoom whatif`: at an event of a log, or on a host.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "diagnose/event.h"
#include "host/host.h"
#include "memory/oom_threshold.h"
#include "memory/whatif.h"
#include "render/render.h"

namespace whyoom::render {

struct WhatIfView {
  const memory::Machine& machine;
  const memory::WhatIf& what_if;
  const diagnose::Event* event = nullptr;          // null: a host
  std::optional<memory::OomThreshold> kills_from;  // of a host as it is
  std::span<const host::Gap> gaps;                 // what of the host could not be read
  std::string about{};  // whose it is: " on web-3, kernel 6.1.0"; empty: nobody knows
};

Document what_if_document(const WhatIfView& view);
// Output version 1, one object, no newline at the end.
std::string json_what_if(const WhatIfView& view);

}  // namespace whyoom::render
