// A field of each zone or node of a report, added up.
#pragma once

#include <algorithm>

#include "base/place.h"
#include "base/units.h"
#include "report/report.h"

namespace whyoom::memory {

// With the place of the first; nothing when one does not have it, or when there is none.
template <class Parts>
Maybe<KiB> sum_of(const Parts& parts, kernel::Field field) {
  Maybe<KiB> all;
  for (const auto& part : parts) {
    const auto& value = part.fields.get(field);
    if (!value) {
      return std::nullopt;
    }
    all = all.value_or(Read<KiB>{KiB(0), value->at});
    all->value += KiB(value->value);
  }
  return all;
}

// What the nodes or the zones have of it: a part at least, where the total is lost.
inline Bytes in_parts(const report::Report& report, kernel::Field field) {
  const auto sum = [field](const auto& parts) {
    Bytes all;
    for (const auto& part : parts) {
      const auto& value = part.fields.get(field);
      all += to_bytes(KiB(value ? value->value : 0));
    }
    return all;
  };
  return std::max(sum(report.nodes), sum(report.zones));
}

}  // namespace whyoom::memory
