#include "diagnose/engine.h"

#include <algorithm>
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
    if (claim.finding.role != Role::root) {
      continue;
    }
    const auto key = [](const Claim& c) { return std::pair(c.rank, -c.strength); };
    if (best == nullptr || key(claim) < key(*best)) {
      best = &claim;
    }
  }
  const bool proved = best != nullptr && !best->unproved;
  for (Claim& claim : claims) {
    if (claim.finding.role == Role::root && (&claim != best || !proved)) {
      claim.finding.role = Role::contributing;
    }
  }
}

}  // namespace

std::unique_ptr<Event> explain(report::Report&& report, const StoryContext& story) {
  auto event = std::make_unique<Event>();
  event->report = std::move(report);
  event->evidence = memory::from_report(event->report);
  event->in_story = story.number;
  event->killed_at = story.killed_at;
  const Context context{event->evidence, event->report, story};

  std::vector<Claim> claims;
  for (const Cause* cause : all_causes()) {
    if (cause->judge == nullptr) {
      continue;
    }
    if (auto claim = cause->judge(context)) {
      claims.push_back(std::move(*claim));
    }
  }
  pick_root(claims);
  std::ranges::stable_sort(claims, [](const Claim& a, const Claim& b) {
    return std::tuple(a.finding.role, a.rank, -a.strength) <
           std::tuple(b.finding.role, b.rank, -b.strength);
  });

  event->root_cause = undetermined;
  const double complete = completeness(event->report);
  for (Claim& claim : claims) {
    claim.finding.confidence *= complete;
    if (claim.finding.role == Role::root) {
      event->root_cause = claim.finding.cause;
    }
    event->findings.push_back(std::move(claim.finding));
  }
  add_what_if(event->findings, memory::machine_of(event->evidence));
  return event;
}

const Cause* find_cause(std::string_view id) {
  const auto causes = all_causes();
  const auto found = std::ranges::find(causes, id, &Cause::id);
  return found == causes.end() ? nullptr : *found;
}

}  // namespace whyoom::diagnose
