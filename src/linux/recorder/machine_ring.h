// Where this machine's recorder has its ring: as whyoom.conf says, else at the default place.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace whyoom::linux {

// The error is a sentence about the settings.
tl::expected<std::string, std::string> machine_ring();

}  // namespace whyoom::linux
