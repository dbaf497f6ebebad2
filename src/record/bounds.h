// What a damaged or forged record says of time is kept within what there can be.
#pragma once

#include <algorithm>
#include <cstdint>

namespace whyoom::record {

// Times from 1970 to 9999, boots of up to three centuries.
template <class Record>
Record within_bounds(Record record) {
  constexpr std::int64_t last_real_ms = 253'402'300'799'000;
  constexpr std::uint64_t longest_boot_ms = 10'000'000'000'000;
  record.real_ms = std::clamp(record.real_ms, std::int64_t{0}, last_real_ms);
  record.boot_ms = std::min(record.boot_ms, longest_boot_ms);
  return record;
}

}  // namespace whyoom::record
