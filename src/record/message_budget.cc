#include "record/message_budget.h"

#include <algorithm>
#include <utility>

namespace whyoom::record {
namespace {

constexpr std::uint64_t summary_after_ms = 10'000;
constexpr std::uint64_t bytes_of_report = std::uint64_t{64} << 10U;  // of some hundred tasks
constexpr std::uint64_t report_takes_ms = 10'000;
constexpr std::uint64_t frame_bytes = 40;  // of a record

bool begins_oom(const KmsgLine& line) {
  return line.by_kernel() && (line.text.find(" invoked oom-killer: ") != std::string_view::npos ||
                              tells_kill(line.text));
}

}  // namespace

bool MessageBudget::keep(const KmsgLine& line, std::uint64_t now_ms) {
  const std::uint64_t bytes = line.line.size() + frame_bytes;
  saved_ = std::min(most_saved,
                    saved_ + (now_ms - std::min(now_ms, saved_at_ms_)) * bytes_a_second / 1000);
  saved_at_ms_ = now_ms;
  if (oom_ms_ && now_ms - std::min(now_ms, *oom_ms_) >= report_takes_ms) {
    oom_ms_.reset();
    of_oom_ = 0;
  }
  if (!oom_ms_ && begins_oom(line)) {
    oom_ms_ = now_ms;
    of_oom_ = bytes_of_report;
  }
  for (std::uint64_t* purse : {&saved_, &of_oom_}) {
    if (*purse >= bytes) {
      *purse -= bytes;
      return true;
    }
  }
  lost(1, now_ms);
  example_.clear();
  example_ << line.text;
  return false;
}

void MessageBudget::lost(std::uint64_t count, std::uint64_t now_ms) {
  since_ms_ = count_ == 0 ? now_ms : since_ms_;
  count_ += count;
}

std::optional<MessageBudget::Summary> MessageBudget::summary(std::uint64_t now_ms, bool now) {
  if (count_ == 0 || (!now && now_ms - std::min(now_ms, since_ms_) < summary_after_ms)) {
    return std::nullopt;
  }
  told_ = std::exchange(example_, {});
  return Summary{std::exchange(count_, 0), told_.view()};
}

}  // namespace whyoom::record
