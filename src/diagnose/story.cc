#include "diagnose/story.h"

#include <algorithm>

namespace whyoom::diagnose {

namespace {

constexpr std::uint64_t story_gap_us = 60'000'000;  // between two events of one story
constexpr LineNumber story_gap_lines = 400;         // where the log has no time
constexpr std::size_t most_remembered = 64;         // victims

bool is_kill(report::Kind kind) {
  return kind == report::Kind::oom_kill || kind == report::Kind::memcg_oom_kill ||
         kind == report::Kind::oom_panic;
}

std::string cgroup_of(const report::Report& report) {
  if (report.constraint && !report.constraint->oom_memcg.empty()) {
    return report.constraint->oom_memcg;
  }
  return report.memcg ? report.memcg->limit_path : std::string();
}

}  // namespace

// In the same log and boot, and soon after the last event.
bool StoryBuilder::Track::is_near(const report::Report& report) const {
  const bool same_log = report.source == source_ || (!report.boot.empty() && report.boot == boot_ &&
                                                     report.time.monotonic_us && last_us_);
  if (!started_ || !same_log || report.boot != boot_) {
    return false;
  }
  const auto& now = report.time.monotonic_us;
  if (now && last_us_) {
    return *now >= *last_us_ && *now - *last_us_ <= story_gap_us;
  }
  return report.first_line >= last_line_ && report.first_line - last_line_ <= story_gap_lines;
}

bool StoryBuilder::Track::continues(const report::Report& report) const {
  return !ended_ && is_near(report) && is_kill(report.kind) && is_kill(kind_) &&
         cgroup_of(report) == cgroup_;
}

Place StoryBuilder::Track::killed_at(const report::Report& report) const {
  if (report.kind != report::Kind::page_allocation_failure || !report.trigger ||
      !report.trigger->pid || !is_near(report)) {
    return {};
  }
  const auto killed = std::ranges::find_if(killed_, [&report](const Killed& each) {
    return each.pid == *report.trigger->pid && each.source == report.source;
  });
  return killed == killed_.end() ? Place{} : killed->at;
}

void StoryBuilder::Track::remember_victims(const report::Report& report) {
  for (const report::Victim& victim : report.victims) {
    if (killed_.size() == most_remembered) {
      killed_.erase(killed_.begin());
    }
    killed_.push_back({victim.pid, report.source, victim.at});
  }
}

const StoryContext& StoryBuilder::Track::next(const report::Report& report) {
  const auto& now = report.time.monotonic_us;
  const Place killed = killed_at(report);
  const bool of_victim = killed.line != 0;
  if (of_victim || continues(report)) {
    ++context_.number;
    context_.seconds_since_first = std::nullopt;
    if (now && first_us_) {
      context_.seconds_since_first = static_cast<double>(*now - *first_us_) / 1e6;
    }
  } else {
    context_ = StoryContext{};
    context_.first_line = report.first_line;
    first_us_ = now;
    cgroup_ = cgroup_of(report);
    victims_ = 0;
    killed_.clear();
  }
  context_.victims_before = victims_;
  context_.killed_at = killed;
  victims_ += static_cast<std::uint32_t>(report.victims.size());
  remember_victims(report);
  started_ = true;
  source_ = report.source;
  boot_ = report.boot;
  kind_ = of_victim ? kind_ : report.kind;
  last_us_ = now;
  last_line_ = report.last_line;
  ended_ = report.outcome == report::Outcome::panic;
  return context_;
}

}  // namespace whyoom::diagnose
