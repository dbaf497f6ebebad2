#include "logtext/wall_distance.h"

#include <cmath>

namespace whyoom::logtext {

double seconds_between(const WallTime& from, const WallTime& to) {
  constexpr int some_leap_year = 2000;
  const int year = from.year.value_or(to.year.value_or(some_leap_year));
  const double begin = seconds_since_1970(from, year);
  double difference = seconds_since_1970(to, to.year.value_or(year)) - begin;
  if (!from.year || !to.year) {
    for (const int near : {year - 1, year + 1}) {
      const double other = from.year || !to.year
                               ? seconds_since_1970(to, near) - begin
                               : seconds_since_1970(to, year) - seconds_since_1970(from, near);
      difference = std::abs(other) < std::abs(difference) ? other : difference;
    }
  }
  if (from.offset_seconds && to.offset_seconds) {
    difference += *from.offset_seconds - *to.offset_seconds;
  }
  return difference;
}

std::optional<double> seconds_between(std::string_view from, std::string_view to) {
  const auto begin = parse_wall(from);
  const auto end = parse_wall(to);
  return begin && end ? std::optional(seconds_between(*begin, *end)) : std::nullopt;
}

}  // namespace whyoom::logtext
