#include "explain/selection.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "report/event_merge.h"

namespace whyoom::explain {

namespace {

bool holds(std::string_view text, const std::string& part) {
  return text.find(part) != std::string_view::npos;
}

bool is_of_cgroup(const diagnose::Event& event, const std::string& part) {
  const auto& who = event.evidence.attribution;
  for (const auto* cgroup : {&who.limit, &who.victim}) {
    if (*cgroup && (holds((*cgroup)->raw_path, part) ||
                    ((*cgroup)->owner && holds(describe(*(*cgroup)->owner), part)))) {
      return true;
    }
  }
  const auto& fork = event.report.fork_rejected;
  return fork && holds(fork->path, part);
}

}  // namespace

bool Selection::is_wanted(const diagnose::Event& event) const {
  const auto& victims = event.report.victims;
  return (rules_.causes.empty() ||
          std::ranges::find(rules_.causes, event.root_cause) != rules_.causes.end()) &&
         (!rules_.kind || event.report.kind == *rules_.kind) &&
         (rules_.victim.empty() || std::ranges::any_of(victims,
                                                       [this](const report::Victim& victim) {
                                                         return holds(victim.comm, rules_.victim);
                                                       })) &&
         (rules_.cgroup.empty() || is_of_cgroup(event, rules_.cgroup));
}

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
  if (!is_wanted(*event) || !in_range(event->report.time)) {
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

void Selection::catch_up() {
  finish();
  rules_.last.reset();
}

void Selection::finish() {
  for (auto& event : std::exchange(held_, {})) {
    choose(std::move(event));
  }
}

}  // namespace whyoom::explain
