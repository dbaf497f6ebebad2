// "No limit" of a cgroup, which version 1 and the kernel's own lines have no word for: the most
// that a counter holds. 3.19 on: PAGE_COUNTER_MAX (include/linux/page_counter.h), LONG_MAX pages on
// a 32-bit kernel, and as many as make LONG_MAX bytes on a 64-bit one. Before: 2^63 - 1 bytes.
#pragma once

#include "base/units.h"

namespace whyoom::kernel {

constexpr bool is_no_limit(Bytes limit) {
  constexpr Bytes least_of_64bit(std::uint64_t{1} << 62U);
  constexpr Bytes of_32bit(std::uint64_t{2147483647} * 4096);
  return limit >= least_of_64bit || limit == of_32bit;
}

}  // namespace whyoom::kernel
