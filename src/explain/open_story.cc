#include "explain/open_story.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/language.h"
#include "render/phrase.h"
#include "report/event_merge.h"

namespace whyoom::explain {
namespace {

using diagnose::Event;

constexpr std::size_t most_followers = 50;

// How well an event explains its story: a proved root before a likely one before none; of these
// one with numbers, or with head and end, before a kill alone before a head alone.
int explains(const Event& event) {
  if (event.killed_at.line != 0) {
    return 0;  // what a victim still asked for
  }
  if (event.verdict != diagnose::Verdict::undetermined) {
    return event.verdict == diagnose::Verdict::proved ? 5 : 4;
  }
  const report::Report& report = event.report;
  const bool ends = !report.victims.empty() || report.panic || report.no_killable_at;
  if (report.mem_info_at || report.memcg || (report.trigger && ends)) {
    return 3;
  }
  return ends ? 2 : report.trigger ? 1 : 0;
}

std::optional<double> since_first(const Event& event) {
  return event.in_story <= 1 ? std::optional(0.0) : event.since_first;
}

render::Follower row_of(const Event& event) {
  const report::Report& report = event.report;
  render::Follower row;
  const bool stall = report.outcome == report::Outcome::stalled;
  row.kind = stall ? "page-allocation-stall" : report::name(report.kind);
  row.trigger = report.trigger ? report.trigger->comm : std::string();
  row.victims = report.victims.empty() ? std::string() : render::victims_text(report, 4);
  row.outcome = report.outcome == report::Outcome::no_victim ? tr("no victim")
                : stall                                      ? std::string()
                        : tr(render::outcome_name(report.outcome));
  row.root_cause = event.root_cause;
  row.of_victim = event.killed_at.line != 0;
  row.place = report.source + ":" + std::to_string(report.first_of_log());
  return row;
}

}  // namespace

OpenStory::OpenStory(std::unique_ptr<Event> event)
    : id_(event->story),
      first_(event->report.time),
      last_(event->report.time),
      begin_(since_first(*event)),
      end_(begin_),
      killed_(report::killed_processes(event->report).size()),
      lead_(std::move(event)) {}

std::size_t OpenStory::bytes() const { return report::bytes_held(lead_->report); }

void OpenStory::add(std::unique_ptr<Event> event) {
  ++events_;
  killed_ += report::killed_processes(event->report).size();
  last_ = event->report.time;
  end_ = since_first(*event);
  // Only what went on before the end explains it: the first of two that do it equally well.
  if (explains(*event) > explains(*lead_)) {
    std::swap(event, lead_);
  }
  if (event->report.panic) {
    panic_ = event->report.panic;
  }
  others_.push_back({row_of(*event), since_first(*event), event->in_story});
  if (others_.size() > most_followers) {
    others_.erase(others_.end() - 2);
    ++left_out_;
  }
}

render::Story OpenStory::story() const {
  render::Story story{.lead = *lead_,
                      .others = {},
                      .others_left_out = left_out_,
                      .events = events_,
                      .killed = killed_,
                      .first = first_,
                      .last = last_,
                      .seconds = {},
                      .end = lead_->report.panic ? std::nullopt : panic_};
  if (begin_ && end_) {
    story.seconds = *end_ - *begin_;
  }
  auto others = others_;
  std::ranges::stable_sort(others, {}, &Other::number);
  const std::optional<double> at = since_first(*lead_);
  for (Other& other : others) {
    other.row.before = other.number < lead_->in_story;
    other.row.seconds_after = at && other.since ? std::optional(*other.since - *at) : std::nullopt;
    story.others.push_back(std::move(other.row));
  }
  return story;
}

}  // namespace whyoom::explain
