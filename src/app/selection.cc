#include "app/selection.h"

#include <cmath>
#include <utility>

#include "report/event_merge.h"

namespace whyoom::app {

bool Selection::in_range(const report::Time& time) {
  bool known = true;
  bool inside = true;
  if (rules_.since) {
    const auto after = seconds_after(*rules_.since, time);
    known = after.has_value();
    inside = !after || *after >= 0;
  }
  if (rules_.until) {
    const auto after = seconds_after(*rules_.until, time);
    known = known && after.has_value();
    inside = inside && (!after || *after <= 0);
  }
  if (inside && !known) {
    ++without_time_;
  }
  return inside;
}

void Selection::offer(std::unique_ptr<diagnose::Event> event) {
  ++offered_;
  if (!in_range(event->report.time)) {
    return;
  }
  if (rules_.at) {
    const auto after = seconds_after(*rules_.at, event->report.time);
    if (!after) {
      ++without_time_;
      choose(std::move(event));
    } else if (held_.empty() || std::abs(*after) < nearest_) {
      nearest_ = std::abs(*after);
      held_.clear();
      held_.push_back(std::move(event));
    }
    return;
  }
  if (rules_.last) {
    held_bytes_ += report::bytes_held(event->report);
    held_.push_back(std::move(event));
    if (held_.size() > *rules_.last) {
      drop_oldest();
    }
    while (held_bytes_ > room_ && held_.size() > 1) {
      drop_oldest();
      ++without_room_;
    }
    return;
  }
  choose(std::move(event));
}

void Selection::drop_oldest() {
  held_bytes_ -= report::bytes_held(held_.front()->report);
  held_.pop_front();
}

void Selection::choose(std::unique_ptr<diagnose::Event> event) {
  ++chosen_;
  sink_(std::move(event));
}

void Selection::finish() {
  for (auto& event : std::exchange(held_, {})) {
    choose(std::move(event));
  }
}

}  // namespace whyoom::app
