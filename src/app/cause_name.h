// The id of a cause, as a user writes it.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::app {

// A sentence for an id that no cause has, with the one that was probably meant.
std::string no_cause(std::string_view id);

}  // namespace whyoom::app
