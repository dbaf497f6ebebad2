// What operator new gave out in this program, in bytes. All zero under AddressSanitizer, whose own
// operators stay in place.
#pragma once

#include <cstdint>

namespace whyoom::fuzz {

struct Allocations {
  std::uint64_t total = 0, live = 0, peak = 0;
};
const Allocations& allocations();
void reset_peak();  // to what is live now

}  // namespace whyoom::fuzz
