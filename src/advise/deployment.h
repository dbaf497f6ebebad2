// A fix in the words of the tools that fleets use. Each text is complete: it keeps the value over a
// restart, sets it now, and says what it is for. tests/deploy gives them to the tools themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "advise/wanted.h"

namespace whyoom::advise {

enum class Tool : std::uint8_t { sysctl_d, ansible, cloud_init, kubernetes, tuned };

struct ToolName {
  std::string_view name;  // "ansible"
  Tool tool;
};
std::span<const ToolName> tool_names();

// `base_profile`: what /etc/tuned/active_profile says, the names of the tuned profiles that are
// active now with blanks between them. The new one includes them. Several settings are one text, in
// the order that they are given in.
// The message: the key or the value would be something else to this tool than it is.
tl::expected<std::string, Message> deployment(Tool tool, std::span<const Wanted> wanted,
                                              const std::optional<std::string>& base_profile = {});

}  // namespace whyoom::advise
