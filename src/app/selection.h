// Which of the events the user asked for: --since, --until, --at, --last.
// An event whose time cannot be compared with the one asked for is kept, and counted.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "app/when.h"
#include "diagnose/event.h"

namespace whyoom::app {

struct SelectionRules {
  std::optional<When> since, until, at;
  std::optional<std::uint32_t> last;
};

class Selection {
 public:
  using Sink = std::function<void(std::unique_ptr<diagnose::Event>)>;

  Selection(SelectionRules rules, Sink sink) : rules_(rules), sink_(std::move(sink)) {}

  void offer(std::unique_ptr<diagnose::Event> event);
  // No more events: hands on what was held back.
  void finish();

  [[nodiscard]] std::uint64_t offered() const { return offered_; }
  [[nodiscard]] std::uint64_t chosen() const { return chosen_; }
  [[nodiscard]] std::uint64_t without_time() const { return without_time_; }

 private:
  [[nodiscard]] bool in_range(const report::Time& time);
  void choose(std::unique_ptr<diagnose::Event> event);

  SelectionRules rules_;
  Sink sink_;
  std::deque<std::unique_ptr<diagnose::Event>> held_;  // at most --last of them, or the nearest one
  double nearest_ = 0;
  std::uint64_t offered_ = 0, chosen_ = 0, without_time_ = 0;
};

}  // namespace whyoom::app
