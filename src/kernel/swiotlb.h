// The pool of bounce buffers (swiotlb), through which the kernel copies what a device cannot reach
// in memory itself. It is cut into slots, and one mapping gets a run of them that lies within one
// segment: IO_TLB_SHIFT and IO_TLB_SEGSIZE of include/linux/swiotlb.h, the same from 2.6 to 6.18.
#pragma once

#include <algorithm>
#include <cstdint>

namespace whyoom::kernel {

inline constexpr std::uint64_t swiotlb_slot_bytes = 2048;
inline constexpr std::uint64_t swiotlb_segment_slots = 128;
inline constexpr std::uint64_t swiotlb_largest_mapping = swiotlb_slot_bytes * swiotlb_segment_slots;
// What the kernel sets aside when nobody says otherwise: 64 MiB (IO_TLB_DEFAULT_SIZE).
inline constexpr std::uint64_t swiotlb_default_slots = 32768;

// The slots that one mapping takes. A driver can ask for an alignment, up to that of a page of
// 64 KiB, and no line says which: swiotlb_tbl_map_single() of kernel/dma/swiotlb.c, 5.12 and later.
struct SwiotlbSlots {
  std::uint64_t least = 0, most = 0;
};
constexpr SwiotlbSlots swiotlb_slots_for(std::uint64_t bytes) {
  constexpr std::uint64_t alignment = 65536;
  const std::uint64_t least = bytes / swiotlb_slot_bytes + (bytes % swiotlb_slot_bytes != 0);
  return {least, least + alignment / swiotlb_slot_bytes};
}

// However the used slots lie, somewhere a run of `slots` is free: each segment can be cut into so
// many runs, and one used slot spoils one of them. More than a segment has none.
constexpr bool swiotlb_has_room(std::uint64_t total, std::uint64_t used, std::uint64_t slots) {
  const std::uint64_t runs = swiotlb_segment_slots / std::max<std::uint64_t>(slots, 1);
  return used < total / swiotlb_segment_slots * runs;
}

}  // namespace whyoom::kernel
