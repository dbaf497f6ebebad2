#include "diagnose/confidence.h"

#include <algorithm>

namespace whyoom::diagnose {

double completeness(const report::Report& report, std::size_t missing_parts) {
  constexpr double per_missing_part = 0.05;
  constexpr double per_damage = 0.02;
  constexpr double most_for_damage = 0.2;
  constexpr double most_unverified = 0.7;
  const auto missing = static_cast<double>(missing_parts);
  const auto damage =
      static_cast<double>(report.damage.size()) + (report.lines_lost > 0 ? 2.0 : 0.0);
  const double whole = std::max(
      0.3, 1.0 - missing * per_missing_part - std::min(damage * per_damage, most_for_damage));
  // However well it fits together: who makes up a report can make up a whole one.
  return report.unverified.empty() ? whole : std::min(whole, most_unverified);
}

}  // namespace whyoom::diagnose
