// Fields of a report, added up.
#pragma once

#include <algorithm>
#include <array>

#include "base/place.h"
#include "base/units.h"
#include "report/report.h"

namespace whyoom::memory {

// One field of each zone or node, with the place of the first; nothing when one does not have it,
// or when there is none.
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

// Counters that count no page twice: together they are a part of RAM.
inline constexpr std::array counted_apart{
    kernel::Field::active_anon,        kernel::Field::inactive_anon,
    kernel::Field::active_file,        kernel::Field::inactive_file,
    kernel::Field::unevictable,        kernel::Field::slab_reclaimable,
    kernel::Field::slab_unreclaimable, kernel::Field::free};

// What those of them that were printed add up to.
inline Pages counted_pages(const report::Report& report) {
  Pages all;
  for (const kernel::Field field : counted_apart) {
    const auto& pages = report.totals.get(field);
    all += Pages(pages ? pages->value : 0);
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
