// Which of the kernel's messages are recorded. A device that complains for hours is not to push
// everything else out of the ring: beyond a budget its lines are counted and told as one. What
// tells of an OOM has a budget of its own. Nothing here allocates.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "record/fixed_text.h"
#include "record/scan.h"

namespace whyoom::record {

class MessageBudget {
 public:
  // False: this one is left out, and counted. Times are of a clock that goes on, in milliseconds.
  bool keep(const KmsgLine& line, std::uint64_t now_ms);
  // So many were gone before anybody could read them.
  void lost(std::uint64_t count, std::uint64_t now_ms);

  struct Summary {
    std::uint64_t count = 0;
    std::string_view example;  // the last one that was left out; valid until the next call
  };
  // What was left out since the last one, ten seconds after it began, or at once with `now`.
  std::optional<Summary> summary(std::uint64_t now_ms, bool now = false);

  static constexpr std::uint64_t most_saved = std::uint64_t{4} << 20U, bytes_a_second = 4096;

 private:
  std::uint64_t saved_ = most_saved, saved_at_ms_ = 0;
  std::uint64_t of_oom_ = 0;  // of the report that is coming
  std::optional<std::uint64_t> oom_ms_;
  std::uint64_t count_ = 0, since_ms_ = 0;
  FixedText<120> example_, told_;
};

}  // namespace whyoom::record
