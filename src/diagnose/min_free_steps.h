// What other values of vm.min_free_kbytes would have done at the moment of an event: the table
// behind the slider of a page.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.h"
#include "diagnose/event.h"

namespace whyoom::diagnose {

struct MinFreeStep {
  enum class Why : std::uint8_t {
    between,
    kernel_choice,  // what the kernel would have set
    advised,
    as_it_was,
    first_to_fail  // the request passes below it, whatever other CPUs did
  };
  KiB value;
  Why why = Why::between;
  // Of the zones that the request may use.
  Bytes out_of_reach{}, within_reach{};
  // Of the largest of them: shares of its size.
  double free = 0, needed = 0;
  std::optional<bool> passes{};
};

// From the lowest value to the highest, at most 12. Empty where no finding advises a value, or the
// report does not tell the one that was set. By memory::what_if().
std::vector<MinFreeStep> min_free_steps(const Event& event);

}  // namespace whyoom::diagnose
