// Which of the events the user asked for: --since, --until, --at, --last, and what they are.
// An event whose time cannot be compared with the one asked for is kept, and counted.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diagnose/event.h"
#include "explain/when.h"

namespace whyoom::explain {

struct SelectionRules {
  std::optional<When> since, until, at;
  std::optional<std::uint32_t> last;
  std::vector<std::string> causes;  // ids of root causes; empty = all
  std::optional<report::Kind> kind;
  std::string victim;  // part of the name of a killed process
  std::string cgroup;  // part of a path, or of whose it is: a unit, a container, a pod
};

class Selection {
 public:
  using Sink = std::function<void(std::unique_ptr<diagnose::Event>)>;

  static constexpr std::size_t default_room = std::size_t{128} << 20U;

  // `room`: bytes of the reports that --last holds back.
  Selection(SelectionRules rules, Sink sink, std::size_t room = default_room)
      : rules_(std::move(rules)), sink_(std::move(sink)), room_(room) {}

  void offer(std::unique_ptr<diagnose::Event> event);
  // What was offered is the past, of which --last takes the end; what comes is wanted as it comes.
  void catch_up();
  // No more events: hands on what was held back.
  void finish();

  [[nodiscard]] std::uint64_t offered() const { return offered_; }
  [[nodiscard]] std::uint64_t chosen() const { return chosen_; }
  [[nodiscard]] std::uint64_t without_time() const { return without_time_; }
  // Events that --last asked for and that had no room; the oldest of them.
  [[nodiscard]] std::uint64_t without_room() const { return without_room_; }

 private:
  [[nodiscard]] bool is_wanted(const diagnose::Event& event) const;
  [[nodiscard]] bool in_range(const report::Time& time);
  void choose(std::unique_ptr<diagnose::Event> event);
  void drop_oldest();

  SelectionRules rules_;
  Sink sink_;
  std::deque<std::unique_ptr<diagnose::Event>> held_;  // at most --last of them, or the nearest one
  std::size_t room_;
  std::size_t held_bytes_ = 0;
  std::uint64_t without_room_ = 0;
  double nearest_ = 0;
  std::uint64_t offered_ = 0, chosen_ = 0, without_time_ = 0;
};

}  // namespace whyoom::explain
