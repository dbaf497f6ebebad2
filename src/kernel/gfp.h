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
  high,  // __GFP_HIGH: may use half of min
  io,
  fs,
  zero,
  atomic,  // __GFP_ATOMIC (4.4 .. 6.2)
  wait,    // __GFP_WAIT (before 4.4): may sleep and reclaim
  direct_reclaim,
  kswapd_reclaim,
  write,
  nowarn,
  retry_mayfail,  // __GFP_REPEAT before 4.13
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
  [[nodiscard]] constexpr bool has(GfpFlag flag) const {
    return ((bits_ >> static_cast<unsigned>(flag)) & 1U) != 0;
  }
  [[nodiscard]] constexpr bool has_all(GfpFlags other) const {
    return (bits_ & other.bits_) == other.bits_;
  }
  constexpr void set(GfpFlag flag) { bits_ |= std::uint64_t{1} << static_cast<unsigned>(flag); }
  constexpr void clear(GfpFlags other) { bits_ &= ~other.bits_; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(GfpFlags, GfpFlags) = default;
  friend constexpr GfpFlags operator|(GfpFlags a, GfpFlags b) {
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
  // Bits without a meaning in this generation, or printed as numbers; bit 31 (never an allocation
  // flag) stands for a name that no kernel is known to print.
  std::uint32_t unknown = 0;
  std::string_view generation;  // "4.18 .. 5.0"; empty when it could not be told
};

// From the names in the report: "GFP_KERNEL|__GFP_ZERO". The best evidence there is. Composites
// are expanded as the generation has them whose mask gives these names, else as kernels since 6.8.
GfpMask gfp_from_names(std::uint32_t mask, std::string_view names);

// When some of the names make no sense: as the mask says it by the tables of the kernel, if that
// has all names that do make sense. Nothing where none is damaged, or they are of a kernel to come.
std::optional<GfpMask> gfp_with_damaged_names(const GfpMask& named, std::string_view release);

// From the hex alone, by the kernel release ("3.10.0-1062.el7.x86_64"). Without a release, and with
// a mask that several generations read differently, flags and names stay empty.
GfpMask gfp_from_mask(std::uint32_t mask, std::string_view release);

// The zone that the request starts from, and everything below it is its zonelist. A zone that the
// machine does not have (HighMem, Movable) means the next one below.
enum class ZoneClass : std::uint8_t { dma, dma32, normal, highmem, movable };
ZoneClass gfp_zone(GfpFlags flags);

// PAGE_ALLOC_COSTLY_ORDER (include/linux/mmzone.h): for more the kernel neither tries hard nor
// kills.
inline constexpr int costly_order = 3;

bool may_reclaim(GfpFlags flags);  // direct reclaim allowed
bool is_movable(GfpFlags flags);   // may take CMA blocks
// GFP_ATOMIC, GFP_NOWAIT and the like: some flags, and none that allows to sleep. A mask of 0 is
// the page fault path that lost its request, so it is not atomic.
bool is_atomic(GfpFlags flags);
// Of a request for one page (order 0): the page allocator was asked, for the machine or nodes of
// it. No charge to a cgroup has these flags, so no limit of one was in the way.
bool is_of_no_cgroup(GfpFlags flags);

}  // namespace whyoom::kernel
