// What keeps the recorder going where a machine has no memory left.
#pragma once

#include <functional>
#include <string_view>

namespace whyoom::linux {

// Gives back what only the start needed, locks the rest into memory as it is used, and lowers the
// process's score for the OOM killer. `tell` hears what is not allowed.
void stay_alive(const std::function<void(std::string_view)>& tell);

}  // namespace whyoom::linux
