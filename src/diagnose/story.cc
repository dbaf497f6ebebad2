#include "diagnose/story.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "logtext/wall_distance.h"
#include "memory/cgroup_owner.h"

namespace whyoom::diagnose {

namespace {

constexpr double story_gap = 60;              // seconds between two events of one story
constexpr double cgroup_gap = 2.0 * 3600;     // of one cgroup, which is started again and again
constexpr double late_daemon = 120;           // a wall clock is that of who wrote the line
constexpr LineNumber story_gap_lines = 400;   // where the log has no time
constexpr LineNumber lines_without_pid = 40;  // from a kill to what its victim did not get
constexpr std::size_t most_remembered = 64;   // victims of a story
constexpr std::size_t most_stories = 64;      // that can still go on

constexpr const char* unknown_cgroup = "?";

bool is_kill(report::Kind kind) {
  return kind == report::Kind::oom_kill || kind == report::Kind::memcg_oom_kill ||
         kind == report::Kind::oom_panic;
}

// The same for all containers of a pod: one that is started again has a new path.
std::string cgroup_of(const report::Report& report) {
  std::string path;
  if (report.constraint && !report.constraint->oom_memcg.empty()) {
    path = report.constraint->oom_memcg;
  } else if (report.memcg) {
    path = report.memcg->limit_path;
  }
  if (path.empty()) {
    return report.kind == report::Kind::memcg_oom_kill ? unknown_cgroup : "";
  }
  const auto owner = memory::cgroup_owner(path);
  return owner && owner->pod ? "pod " + *owner->pod : path;
}

// What a failed allocation asked for. Who asked differs from one to the next where it was an
// interrupt. Of vmalloc the sizes differ, and what is full is the same.
std::string request_of(const report::Report& report) {
  if (report.kind != report::Kind::page_allocation_failure) {
    return {};
  }
  if (report.vmalloc) {
    return "vmalloc";
  }
  if (!report.trigger || !report.trigger->order || !report.trigger->gfp) {
    return report.slub ? "slub " + report.slub->cache : std::string();
  }
  return std::to_string(*report.trigger->order) + " " + std::to_string(report.trigger->gfp->mask);
}

std::optional<double> monotonic_between(const report::Time& from, const report::Time& to) {
  if (!from.monotonic_us || !to.monotonic_us) {
    return std::nullopt;
  }
  return (static_cast<double>(*to.monotonic_us) - static_cast<double>(*from.monotonic_us)) / 1e6;
}

// By the kernel's clock, which no daemon delays, or else by the wall clock.
std::optional<double> seconds_between(const report::Time& from, const report::Time& to) {
  const auto exact = monotonic_between(from, to);
  return exact ? exact : logtext::seconds_between(from.wall, to.wall);
}

}  // namespace

bool StoryBuilder::Story::is_of_machine(const report::Report& report) const {
  if (report.unverified.empty() != verified || report.boot != boot) {
    return false;
  }
  const bool same_clock = !boot.empty() && report.time.monotonic_us && last.monotonic_us;
  return same_clock || (report.source == source && report.host == host);
}

bool StoryBuilder::Story::is_near(const report::Report& report, double seconds) const {
  if (ended || !is_of_machine(report)) {
    return false;
  }
  const auto exact = monotonic_between(last, report.time);
  const auto wall = logtext::seconds_between(last.wall, report.time.wall);
  if (exact && (*exact < 0 || *exact > seconds)) {
    return false;
  }
  if (wall && exact) {  // the uptimes of two boots can be near
    return std::abs(*wall) <= seconds + late_daemon;
  }
  if (wall) {
    return *wall >= 0 && *wall <= seconds;
  }
  return exact.has_value() ||
         (report.first_line >= last_line && report.first_line - last_line <= story_gap_lines);
}

bool StoryBuilder::Story::goes_on_with(const report::Report& report, const std::string& its_cgroup,
                                       const std::string& its_request) const {
  if (!request.empty() && request == its_request) {
    return is_near(report, story_gap);
  }
  return kills && is_kill(report.kind) && its_cgroup == cgroup &&
         is_near(report, cgroup.empty() || cgroup == unknown_cgroup ? story_gap : cgroup_gap);
}

Place StoryBuilder::Story::killed_at(const report::Report& report) const {
  if (report.kind != report::Kind::page_allocation_failure || !report.trigger ||
      !is_near(report, story_gap)) {
    return {};
  }
  // Kernels before 2.6.24 and lines alone have no pid: a name stands for it right behind the kill.
  const report::Trigger& trigger = *report.trigger;
  const auto found = std::ranges::find_if(killed, [&](const Killed& each) {
    const bool same = trigger.pid ? each.pid == *trigger.pid
                                  : !trigger.comm.empty() && each.comm == trigger.comm &&
                                        report.first_line - each.at.line <= lines_without_pid;
    return same && each.source == report.source;
  });
  return found == killed.end() ? Place{} : found->at;
}

void StoryBuilder::Story::take(const report::Report& report, Place killed_here) {
  ++context.number;
  context.seconds_since_first =
      context.number > 1 ? seconds_between(first, report.time) : std::nullopt;
  context.victims_before = victims;
  context.killed_at = killed_here;
  victims += static_cast<std::uint32_t>(report::killed_processes(report).size());
  for (const report::Victim& victim : report.victims) {
    if (killed.size() == most_remembered) {
      killed.erase(killed.begin());
    }
    killed.push_back({victim.pid, victim.comm, report.source, victim.at});
  }
  source = report.source;
  last = report.time;
  last_line = report.last_line;
  ended = ended || report.outcome == report::Outcome::panic;
}

// The kernel's clock begins again: what happened before does not go on.
void StoryBuilder::end_of_former_boots(const report::Report& report) {
  constexpr double out_of_order = 10;
  for (Story& story : stories_) {
    const auto passed = monotonic_between(story.last, report.time);
    if (passed && *passed < -out_of_order && story.is_of_machine(report)) {
      story.ended = true;
    }
  }
}

StoryBuilder::Story& StoryBuilder::begin(const report::Report& report, std::string cgroup,
                                         std::string request) {
  if (stories_.size() == most_stories) {
    stories_.pop_back();
  }
  Story& story = stories_.emplace_front();
  story.context.story = ++begun_;
  story.context.number = 0;
  story.context.first_line = report.first_line;
  story.verified = report.unverified.empty();
  story.host = report.host;
  story.boot = report.boot;
  story.cgroup = std::move(cgroup);
  story.first = report.time;
  story.kills = is_kill(report.kind);
  story.request = std::move(request);
  return story;
}

const StoryContext& StoryBuilder::next(const report::Report& report) {
  end_of_former_boots(report);
  Place killed;
  auto found = std::ranges::find_if(stories_, [&](const Story& story) {
    killed = story.killed_at(report);
    return killed.line != 0;
  });
  std::string cgroup = cgroup_of(report);
  std::string request = request_of(report);
  if (found == stories_.end()) {
    found = std::ranges::find_if(
        stories_, [&](const Story& story) { return story.goes_on_with(report, cgroup, request); });
  }
  if (found != stories_.end()) {
    stories_.splice(stories_.begin(), stories_, found);
  } else {
    begin(report, std::move(cgroup), std::move(request));
  }
  stories_.front().take(report, killed);
  return stories_.front().context;
}

}  // namespace whyoom::diagnose
