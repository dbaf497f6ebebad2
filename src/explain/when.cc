#include "explain/when.h"

#include "logtext/wall_distance.h"

namespace whyoom::explain {

std::optional<double> seconds_after(const When& when, const report::Time& event) {
  if (const auto* boot = std::get_if<BootTime>(&when)) {
    if (!event.monotonic_us) {
      return std::nullopt;
    }
    return static_cast<double>(*event.monotonic_us) / 1e6 - boot->seconds;
  }
  const auto& asked = std::get<logtext::WallTime>(when);
  const auto seen = logtext::parse_wall(event.wall);
  if (!seen) {
    return std::nullopt;
  }
  return logtext::seconds_between(asked, *seen);
}

}  // namespace whyoom::explain
