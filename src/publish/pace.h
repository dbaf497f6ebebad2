// How fast: a bounded rate in a spree, and how long to wait after a failure.
#pragma once

#include <algorithm>
#include <random>

#include "publish/stop.h"

namespace whyoom::publish {

// So many events a second, those of one second at once.
class Rate {
 public:
  explicit Rate(unsigned a_second) : a_second_(a_second), left_(a_second) {}

  // How many of `wanted` may go now.
  std::size_t take(std::size_t wanted) {
    if (a_second_ == 0) {
      return wanted;
    }
    const auto now = Clock::now();
    left_ = std::min<double>(a_second_,
                             left_ + std::chrono::duration<double>(now - at_).count() * a_second_);
    at_ = now;
    const auto most = std::min(wanted, static_cast<std::size_t>(left_));
    left_ -= static_cast<double>(most);
    return most;
  }
  // What was taken and not sent.
  void give_back(std::size_t count) { left_ += static_cast<double>(count); }
  [[nodiscard]] Milliseconds until_next() const {
    return Milliseconds(a_second_ == 0 ? 0 : std::max(1U, 1000U / a_second_));
  }

 private:
  unsigned a_second_;
  double left_;
  Clock::time_point at_ = Clock::now();
};

// Doubles from a quarter of a second to half a minute; of that somewhere in the upper half, so that
// a thousand hosts do not come back at once.
class BackOff {
 public:
  static constexpr Milliseconds least{250}, most{30'000};
  static constexpr Milliseconds most_asked{300'000};  // by a receiver

  void reset() { next_ = least; }
  Milliseconds next(Milliseconds asked) {
    const auto upper = next_.count();
    const Milliseconds own(
        std::uniform_int_distribution<Milliseconds::rep>(upper / 2, upper)(random_));
    next_ = std::min(next_ * 2, most);
    return std::max(own, std::min(asked, most_asked));
  }

 private:
  Milliseconds next_ = least;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace whyoom::publish
