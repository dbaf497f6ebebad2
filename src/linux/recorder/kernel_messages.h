// /dev/kmsg, a line at a time, as far as the store can take it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "linux/recorder/kept_file.h"
#include "record/scan.h"

namespace whyoom::linux {

class KernelMessages {
 public:
  // Those up to `seen` are left out: they are in the store.
  explicit KernelMessages(std::optional<std::uint64_t> seen);

  struct Next {
    std::optional<record::KmsgLine> line;  // valid until the next call
    std::uint64_t lost = 0;  // before it: overwritten, or more than the store is to hold
  };
  // Neither a line nor lost ones: nothing more for now.
  Next next(std::uint64_t now_ms);
  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  [[nodiscard]] bool may_keep(std::size_t bytes, std::uint64_t now_ms);

  KeptFile file_;
  std::array<char, 8192 + 1> room_{};
  std::optional<std::uint64_t> last_;
  bool caught_up_ = false;  // beyond what is in the store
  std::uint64_t left_out_ = 0;
  // A device that complains for hours is not to push everything else out of the ring.
  static constexpr std::uint64_t most_saved = std::uint64_t{4} << 20U, bytes_a_second = 4096;
  std::uint64_t saved_ = most_saved, saved_at_ms_ = 0;
};

}  // namespace whyoom::linux
