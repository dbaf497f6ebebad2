// Events on their way: those that were sent before are left out, the others go to the receiver in
// their order, at a bounded rate, until it has said of each that it has it or will not take it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "publish/pace.h"
#include "publish/receiver.h"
#include "publish/state.h"

namespace whyoom::publish {

struct Counts {
  std::uint64_t accepted = 0;  // of these `were_there` were at the receiver already
  std::uint64_t were_there = 0;
  std::uint64_t known = 0;    // by the state: not sent
  std::uint64_t refused = 0;  // by the receiver
  std::uint64_t invalid = 0;  // not sent: no event, or a forged one
  std::uint64_t retries = 0;  // batches that had to be sent again
};

struct ForwarderOptions {
  unsigned rate = 100;   // events a second; 0: as fast as it goes
  std::string own_host;  // empty: events of all hosts
};

class Forwarder {
 public:
  Forwarder(Receiver& receiver, State& state, const ForwarderOptions& options,
            std::function<bool()> go_on, std::function<void(std::string_view)> tell)
      : receiver_(receiver),
        state_(state),
        options_(options),
        go_on_(std::move(go_on)),
        tell_(std::move(tell)),
        rate_(options.rate) {}

  // May deliver. False: not any more.
  bool take(std::string_view line, const Position& position);
  // Something that is no event.
  void refuse(std::string_view why, const Position& position);
  // All that was taken is delivered. False: the program ends before.
  bool flush();
  // Writes the state down, if it is time or `now`.
  void keep(bool now);
  [[nodiscard]] bool is_empty() const { return batch_.empty(); }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  // When there was an answer last that was not "again".
  [[nodiscard]] Clock::time_point moved() const { return moved_; }

 private:
  bool deliver_some();
  void say_why(const std::string& why);

  Receiver& receiver_;
  State& state_;
  ForwarderOptions options_;
  std::function<bool()> go_on_;
  std::function<void(std::string_view)> tell_;
  Rate rate_;
  BackOff back_off_;
  std::vector<Event> batch_;
  std::vector<Position> positions_;
  std::size_t batch_bytes_ = 0;
  Counts counts_;
  Clock::time_point moved_ = Clock::now(), saved_, told_;
  std::string told_why_;
};

// "5000 events sent (12 of them were there already), 3 refused, ..."
std::string text_of(const Counts& counts);

}  // namespace whyoom::publish
