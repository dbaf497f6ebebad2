// The bits and the composite names of gfp_mask, one entry for each time they were renumbered.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/gfp.h"
#include "kernel/release.h"

namespace whyoom::kernel {

struct GfpBit {
  std::uint32_t bit;
  GfpFlag flag;
};

// A flag, or several that the kernel prints as one.
struct GfpName {
  std::string_view name;
  GfpFlags flags;
  Release since = {}, until = {};  // the first version that has it, and the first without
};

struct GfpGeneration {
  std::string_view label;  // mainline versions, first and last
  Release since;
  std::array<std::span<const GfpBit>, 4> bits;
  bool named_by_bit = false;  // how the kernel sorts the names of single flags
};

// Oldest first.
std::span<const GfpGeneration> gfp_generations();

// In the order in which the kernel looks for them, and prints single flags when not by bit. Of two
// that are the same flags, the second is only read.
std::span<const GfpName> gfp_composites();
std::span<const GfpName> gfp_flag_names();

constexpr bool has_name(const GfpGeneration& generation, const GfpName& name) {
  return name.since <= generation.since &&
         (name.until == Release() || generation.since < name.until);
}

}  // namespace whyoom::kernel
