// How far two wall clocks of logs are from each other, as far as both tell.
#pragma once

#include <optional>
#include <string_view>

#include "logtext/wall_clock.h"

namespace whyoom::logtext {

// Seconds from the one to the other. Without a year in both the nearer side of New Year is meant;
// without a zone in both they are compared as they stand.
double seconds_between(const WallTime& from, const WallTime& to);

// Nothing when one of the texts is no time.
std::optional<double> seconds_between(std::string_view from, std::string_view to);

}  // namespace whyoom::logtext
