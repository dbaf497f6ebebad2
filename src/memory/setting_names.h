// The names of the settings that a what-if can compute (settings.h).
#pragma once

#include <string_view>
#include <vector>

namespace whyoom::memory {

std::vector<std::string_view> setting_names();

}  // namespace whyoom::memory
