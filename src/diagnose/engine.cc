#include "diagnose/engine.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include "diagnose/confidence.h"
#include "diagnose/what_if_of.h"
#include "memory/cross_check.h"

namespace whyoom::diagnose {

namespace {

constexpr double most_likely = 0.89;    // confidence of what is likely
constexpr double most_in_doubt = 0.75;  // where numbers of the report contradict each other

// The best root candidate stays root, the others have helped. Where the best one is open, it and
// the best one that is not are what is left.
void decide(std::vector<Claim>& claims, Event& event) {
  std::vector<Claim*> roots;
  for (Claim& claim : claims) {
    if (claim.role == Role::root) {
      roots.push_back(&claim);
    }
  }
  std::ranges::stable_sort(roots, [](const Claim* a, const Claim* b) {
    return std::tuple(a->rank, -a->strength) < std::tuple(b->rank, -b->strength);
  });
  bool open = true;
  for (Claim* claim : roots) {
    if (!open || claim->grade == Verdict::undetermined || !event.candidates.empty()) {
      claim->role = Role::contributing;
    }
    if (open && (claim->grade == Verdict::undetermined || !event.candidates.empty())) {
      event.candidates.push_back({claim->cause, claim->decides});
    }
    if (open && claim->grade != Verdict::undetermined && event.candidates.empty()) {
      event.root_cause = claim->cause;
      event.verdict = claim->grade;
      event.overturned_by = claim->overturned_by;
    }
    open = open && claim->grade == Verdict::undetermined;
  }
}

// Numbers that contradict each other were taken out; what is left may be wrong in the same way.
void doubt(Event& event) {
  if (event.verdict == Verdict::proved) {
    event.verdict = Verdict::likely;
    event.overturned_by.push_back({Message("the numbers of this report"),
                                   Message("more of them are wrong than those that contradict "
                                           "others")});
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
  event->root_cause = undetermined;
  const bool contradicted = memory::cross_check(event->report);
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
  decide(claims, *event);
  if (contradicted) {
    doubt(*event);
  }
  event->findings = in_order(std::move(claims));
  const double complete = completeness(event->report);
  const double most = contradicted                        ? most_in_doubt
                      : event->verdict == Verdict::proved ? 1.0
                                                          : most_likely;
  for (Finding& finding : event->findings) {
    finding.confidence *= complete;
    if (finding.role == Role::root) {
      finding.confidence = std::min(finding.confidence, most);
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
