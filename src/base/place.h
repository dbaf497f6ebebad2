// A value together with the place where it was read. No number in a finding is without one.
#pragma once

#include <cstdint>
#include <optional>

namespace whyoom {

// Of a line in a source, from 1. A log of years can have more of them than 32 bits count.
using LineNumber = std::uint64_t;

// `source` indexes the list of source names that belongs to the evidence (a log has one source, a
// host has one for each /proc path). `line` counts from 1; 0 means the source as a whole.
struct Place {
  std::uint32_t source = 0;
  LineNumber line = 0;
  friend constexpr bool operator==(Place, Place) = default;
};

template <class T>
struct Read {
  T value{};
  Place at{};
};

template <class T>
using Maybe = std::optional<Read<T>>;

}  // namespace whyoom
