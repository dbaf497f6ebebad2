// How far a machine is from the point where an ordinary request of a process fails.
//
// A zone serves it while more than min + boost + lowmem_reserve is free there (mm/page_alloc.c
// __zone_watermark_ok()), and reclaim can free its file pages before that. So what is left is, over
// the zones, free + file pages - that mark, and of anonymous memory what swap has room for. Slab
// and what is in the lists of each CPU come on top: it is a little more in truth.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.h"
#include "memory/watermarks.h"
#include "record/sample.h"

namespace whyoom::record {

struct Headroom {
  Bytes left;     // until requests fail
  Bytes managed;  // by all zones
  // The zone with the most above its mark: the last one to serve. Index of Sample::zones.
  std::size_t widest = 0;
  Bytes widest_left;
  [[nodiscard]] double share() const { return whyoom::share(left, managed); }
};
// nullopt: no zone is known.
std::optional<Headroom> headroom_of(const Sample& sample, PageSize page);

// Free and file pages above the mark of a zone; 0 below it.
Pages left_in(const ZoneFields& zone);

// The zones as the arithmetic of watermarks takes them. Allocates.
std::vector<memory::ZoneSize> zone_sizes_of(const Sample& sample);
// The kernel's own choice of vm.min_free_kbytes for them: memory/watermarks.h. Allocates.
KiB default_min_free_of(const Sample& sample, PageSize page);

// The sum of the zones' min: what no ordinary request gets.
Bytes out_of_reach(const Sample& sample, PageSize page);

// To trouble. Calm: much is left, and nobody waits for memory: not all has to be looked at each
// time.
enum class Closeness : std::uint8_t { calm, usual, near };

// How long to wait for the next sample, by the distance to trouble: `base_ms` usually, five times
// as long far from it, a fifth near it. Near for hours costs no more than `base_ms` does: each
// sample that comes earlier is taken from a store that fills slowly.
class Pace {
 public:
  explicit Pace(unsigned base_ms, bool fixed) : base_ms_(base_ms), fixed_(fixed) {}
  void see(const Sample& sample, const std::optional<Headroom>& headroom);
  // After see(), once a sample.
  unsigned next_ms();
  [[nodiscard]] bool is_near() const { return near_; }
  [[nodiscard]] Closeness closeness() const {
    return near_ ? Closeness::near : calm_ ? Closeness::calm : Closeness::usual;
  }
  // Less is left than before, and at that pace it is gone within a minute: what is not on the disk
  // may be the last that is known.
  [[nodiscard]] bool is_falling() const { return falling_; }

 private:
  unsigned base_ms_;
  bool fixed_;
  bool near_ = false, very_near_ = false, far_ = false, calm_ = false, falling_ = false;
  std::optional<Bytes> left_;  // at the sample before
  std::uint64_t seen_ms_ = 0;  // since boot
  static constexpr unsigned most_early = 3000;
  unsigned early_ = most_early;
  unsigned waited_ = 0;
};

}  // namespace whyoom::record
