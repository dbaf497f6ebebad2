// Events of several logs of one host, each once, in the order in which they happened. Of two copies
// the more complete is kept; a clock that it lacks comes from the other. What others could have
// written takes nothing from what they could not: an unverified copy stands for no verified one,
// and a text log's for none by the kernel unless it tells more, for itself. Memory is bounded:
// beyond the budget the oldest events go, those of text logs first, and are counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "report/same_event.h"

namespace whyoom::report {

class EventMerge {
 public:
  static constexpr std::size_t default_budget = std::size_t{128} << 20U;

  explicit EventMerge(std::size_t budget = default_budget) : budget_(budget) {}

  void add(EventCopy&& seen);
  // By time; the events of one boot by its own clock. Leaves nothing behind.
  std::vector<EventCopy> take();

  [[nodiscard]] std::uint64_t copies() const { return copies_; }
  // Oldest events that did not fit.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  void index(std::uint32_t number);
  [[nodiscard]] std::optional<std::uint32_t> find(const EventCopy& seen) const;
  void drop_oldest();

  std::size_t budget_;
  std::size_t held_bytes_ = 0;
  std::deque<EventCopy> events_;  // no second copy of all while it grows
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_key_;
  std::uint64_t copies_ = 0;
  std::uint64_t left_out_ = 0;
  // What is not younger was let go before: of text logs, by the kernel.
  std::array<std::optional<std::int64_t>, 2> left_out_until_;
};

// Bytes that the report takes in memory, about.
std::size_t bytes_held(const Report& report);

}  // namespace whyoom::report
