// The flags of an allocation request (gfp_mask), for every generation of kernels. Bits were
// renumbered again and again, so a mask means nothing without its kernel; names are stable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace whyoom::kernel {

enum class GfpFlag : std::uint8_t {
  dma,
  highmem,
  dma32,
  movable,
  reclaimable,
  high,            // __GFP_HIGH: may use half of min
  io,
  fs,
  zero,
  atomic,          // __GFP_ATOMIC (4.4 .. 6.2)
  wait,            // __GFP_WAIT (before 4.4): may sleep and reclaim
  direct_reclaim,
  kswapd_reclaim,
  write,
  nowarn,
  retry_mayfail,   // __GFP_REPEAT before 4.13
  nofail,
  noretry,
  memalloc,
  comp,
  nomemalloc,
  hardwall,
  thisnode,
  account,
  cold,
  notrack,
  other_node,
  no_obj_ext,
  zerotags,
  skip_zero,
  skip_kasan,
  skip_kasan_unpoison,
  nolockdep,
  no_kswapd,
  count_  // not a flag
};

class GfpFlags {
 public:
  [[nodiscard]] bool has(GfpFlag flag) const { return (bits_ >> static_cast<unsigned>(flag)) & 1U; }
  void set(GfpFlag flag) { bits_ |= std::uint64_t{1} << static_cast<unsigned>(flag); }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  friend bool operator==(GfpFlags, GfpFlags) = default;
  friend GfpFlags operator|(GfpFlags a, GfpFlags b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  std::uint64_t bits_ = 0;
};

struct GfpMask {
  std::uint32_t mask = 0;
  GfpFlags flags;
  // As the kernel prints them: composites first ("GFP_KERNEL", "__GFP_ZERO").
  std::vector<std::string> names;
  std::uint32_t unknown = 0;          // bits (or names) without a meaning in this generation
  std::string_view generation;        // "4.13 .. 4.19"; empty when it could not be told
};

// From the names in the report: "GFP_KERNEL|__GFP_ZERO". The best evidence there is.
GfpMask gfp_from_names(std::uint32_t mask, std::string_view names);

// From the hex alone, by the kernel release ("3.10.0-1062.el7.x86_64"). Without a release, and with
// a mask that several generations read differently, flags and names stay empty.
GfpMask gfp_from_mask(std::uint32_t mask, std::string_view release);

// The zone that the request starts from, and everything below it is its zonelist.
enum class ZoneClass : std::uint8_t { dma, dma32, normal, highmem, movable };
ZoneClass gfp_zone(GfpFlags flags);

bool may_reclaim(GfpFlags flags);        // direct reclaim allowed
bool is_movable(GfpFlags flags);         // may take CMA blocks
bool is_atomic(GfpFlags flags);          // GFP_ATOMIC or GFP_NOWAIT: no sleep

}  // namespace whyoom::kernel
