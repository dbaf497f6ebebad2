#include "diagnose/engine.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include "diagnose/confidence.h"
#include "diagnose/what_if_of.h"
#include "memory/machine.h"

namespace whyoom::diagnose {

namespace {

// The best root candidate stays root, the others have helped.
void pick_root(std::vector<Claim>& claims) {
  Claim* best = nullptr;
  for (Claim& claim : claims) {
    if (claim.role != Role::root) {
      continue;
    }
    const auto key = [](const Claim& c) { return std::pair(c.rank, -c.strength); };
    if (best == nullptr || key(claim) < key(*best)) {
      best = &claim;
    }
  }
  const bool proved = best != nullptr && !best->unproved;
  for (Claim& claim : claims) {
    if (claim.role == Role::root && (&claim != best || !proved)) {
      claim.role = Role::contributing;
    }
  }
}

}  // namespace

std::vector<Finding> in_order(std::vector<Claim>&& claims) {
  std::ranges::stable_sort(claims, [](const Claim& a, const Claim& b) {
    return std::tuple(a.role, a.rank, -a.strength) < std::tuple(b.role, b.rank, -b.strength);
  });
  return {std::make_move_iterator(claims.begin()), std::make_move_iterator(claims.end())};
}

std::unique_ptr<Event> explain(report::Report&& report, const StoryContext& story) {
  auto event = std::make_unique<Event>();
  event->report = std::move(report);
  event->evidence = memory::from_report(event->report);
  event->in_story = story.number;
  event->story = story.story;
  event->since_first = story.seconds_since_first;
  event->killed_at = story.killed_at;
  const Context context{event->evidence, event->report, story};

  std::vector<Claim> claims;
  for (const Cause* cause : all_causes()) {
    if (cause->judge == nullptr) {
      continue;
    }
    if (auto claim = cause->judge(context)) {
      claim->cause = cause->id;
      claims.push_back(std::move(*claim));
    }
  }
  pick_root(claims);

  event->root_cause = undetermined;
  event->findings = in_order(std::move(claims));
  const double complete = completeness(event->report);
  for (Finding& finding : event->findings) {
    finding.confidence *= complete;
    if (finding.role == Role::root) {
      event->root_cause = finding.cause;
    }
  }
  add_what_if(event->findings, event->evidence);
  return event;
}

const Cause* find_cause(std::string_view id) {
  const auto causes = all_causes();
  const auto found = std::ranges::find(causes, id, &Cause::id);
  return found == causes.end() ? nullptr : *found;
}

}  // namespace whyoom::diagnose
