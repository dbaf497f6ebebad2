// The bits and the composite names of gfp_mask, one entry for each time they were renumbered.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/gfp.h"

namespace whyoom::kernel {

struct GfpBit {
  std::uint32_t bit;
  GfpFlag flag;
};

struct GfpComposite {
  std::string_view name;
  GfpFlags flags;
};

// In which order the kernel prints the names of single flags.
enum class GfpOrder : std::uint8_t { by_kind, by_bit };

struct GfpGeneration {
  std::string_view label;  // mainline versions, first and last
  std::array<std::uint16_t, 3> since;
  std::array<std::span<const GfpBit>, 4> bits;
  std::span<const GfpComposite> composites;
  GfpOrder order;
  std::string_view source;
};

// Oldest first.
std::span<const GfpGeneration> gfp_generations();

// "__GFP_ZERO", as the kernel prints it; some names changed ("__GFP_REPEAT").
std::string_view gfp_flag_name(GfpFlag flag, const GfpGeneration& generation);

// The flag with this name in any generation; count_ when there is none. Names without the leading
// underscores that are single flags (GFP_DMA, GFP_DMA32) are here, composites are not.
GfpFlag gfp_flag_by_name(std::string_view name);

// Flags in the order in which kernels print them when not by bit.
std::span<const GfpFlag> gfp_flags_by_kind();

}  // namespace whyoom::kernel
