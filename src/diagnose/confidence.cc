#include "diagnose/confidence.h"

#include <algorithm>

namespace whyoom::diagnose {

double completeness(const report::Report& report) {
  constexpr double per_missing_part = 0.05;
  constexpr double per_damage = 0.02;
  constexpr double most_for_damage = 0.2;
  const auto missing = static_cast<double>(report::missing_parts(report).size());
  const auto damage =
      static_cast<double>(report.damage.size()) + (report.lines_lost > 0 ? 2.0 : 0.0);
  return std::max(
      0.3, 1.0 - missing * per_missing_part - std::min(damage * per_damage, most_for_damage));
}

}  // namespace whyoom::diagnose
