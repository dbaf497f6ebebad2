// What the cache holds for which SLUB found no memory, by the lines that it prints with the failure
// (mm/slub.c slab_out_of_memory()): one line for each node with slabs, objects and free objects.
#pragma once

#include <cstdint>
#include <optional>

#include "base/place.h"
#include "base/units.h"

namespace whyoom::memory {

struct Evidence;

struct SlubUse {
  // A slab is 2^default_order pages, or 2^min_order where so many were not to be had in one piece:
  // at least that, and at least its objects.
  Bytes at_least;
  std::uint64_t objects = 0, in_use = 0;
  Place at{};
};

// Empty without a line of a node, without an object, or where the numbers contradict each other.
std::optional<SlubUse> slub_use(const Evidence& evidence);

}  // namespace whyoom::memory
