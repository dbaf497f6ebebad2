#include "diagnose/story.h"

namespace whyoom::diagnose {

namespace {

constexpr std::uint64_t story_gap_us = 60'000'000;  // between two events of one story
constexpr std::uint32_t story_gap_lines = 400;      // where the log has no time

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

bool StoryBuilder::continues(const report::Report& report) const {
  const bool same_log = report.source == source_ || (!report.boot.empty() && report.boot == boot_ &&
                                                     report.time.monotonic_us && last_us_);
  if (!started_ || ended_ || !same_log || report.boot != boot_ || !is_kill(report.kind) ||
      !is_kill(kind_) || cgroup_of(report) != cgroup_) {
    return false;
  }
  const auto& now = report.time.monotonic_us;
  if (now && last_us_) {
    return *now >= *last_us_ && *now - *last_us_ <= story_gap_us;
  }
  return report.first_line >= last_line_ && report.first_line - last_line_ <= story_gap_lines;
}

const StoryContext& StoryBuilder::next(const report::Report& report) {
  const auto& now = report.time.monotonic_us;
  if (continues(report)) {
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
  }
  context_.victims_before = victims_;
  victims_ += static_cast<std::uint32_t>(report.victims.size());
  started_ = true;
  source_ = report.source;
  boot_ = report.boot;
  kind_ = report.kind;
  last_us_ = now;
  last_line_ = report.last_line;
  ended_ = report.outcome == report::Outcome::panic;
  return context_;
}

}  // namespace whyoom::diagnose
