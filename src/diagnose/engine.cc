#include "diagnose/engine.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "diagnose/candidates.h"
#include "diagnose/claim.h"
#include "diagnose/confidence.h"
#include "diagnose/quotes.h"
#include "diagnose/what_if_of.h"
#include "memory/cross_check.h"
#include "memory/sum_of.h"

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
  const auto closed = std::ranges::find_if(
      roots, [](const Claim* claim) { return claim->grade != Verdict::undetermined; });
  const Claim* root = nullptr;
  if (closed != roots.end() && closed == roots.begin()) {
    root = *closed;
    event.root_cause = root->cause;
    event.verdict = root->grade;
    event.overturned_by = root->overturned_by;
  } else {
    const auto end = closed == roots.end() ? closed : std::next(closed);
    std::for_each(roots.begin(), end, [&event](const Claim* claim) {
      event.candidates.push_back({claim->cause, claim->decides});
    });
  }
  for (Claim* claim : roots) {
    if (claim != root) {
      claim->role = Role::contributing;
    }
  }
}

void doubt(Event& event, Message what, Message condition) {
  if (event.verdict == Verdict::proved) {
    event.verdict = Verdict::likely;
    event.overturned_by.push_back({std::move(what), std::move(condition)});
  }
}

// It may be of any size, or there was none.
void forget_request(std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    for (Remedy& remedy : finding.remedies) {
      if (remedy.what_if) {
        remedy.what_if->request.reset();
      }
    }
  }
}

// Numbers from beside the log stand in for those that the report lacks: `lacks` are parts of the
// log.
void stand_in(Event& event, const memory::Recorded& recorded,
              const std::vector<std::string>& lacks) {
  memory::Evidence& evidence = event.evidence;
  evidence.sources.push_back(recorded.source);
  event.lacks = lacks;
  const auto still = report::missing_parts(event.report);
  std::ranges::copy_if(
      lacks, std::back_inserter(event.stood_in),
      [&still](const std::string& part) { return std::ranges::find(still, part) == still.end(); });
  if (!evidence.min_free && recorded.min_free) {
    evidence.min_free = recorded.min_free;
    evidence.default_min_free = recorded.default_min_free;
    event.stood_in.emplace_back("min-free-kbytes");
  }
  if (!evidence.ram && evidence.zones.empty() && recorded.ram.count() > 0) {
    evidence.ram = recorded.ram;
    event.stood_in.emplace_back("pages-ram");
  }
}

// What was read at another time holds as long as nobody changed it.
void doubt_other_time(Event& event, const std::string& source) {
  if (event.verdict == Verdict::undetermined) {
    return;
  }
  event.verdict = Verdict::likely;
  const auto add = [&](std::string_view part, Message what) {
    if (std::ranges::find(event.stood_in, part) != event.stood_in.end()) {
      event.overturned_by.insert(
          event.overturned_by.begin(),
          {std::move(what), Message("it was another one then; this is by {}", source)});
    }
  };
  add("pages-ram", Message("the size of RAM"));
  add("min-free-kbytes", Message("vm.min_free_kbytes"));
}

std::vector<Claim> all_claims(const Context& context) {
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
  return claims;
}

// `contradicted`: numbers of the report that contradict others were taken out.
std::unique_ptr<Event> judge(report::Report&& report, const StoryContext& story, bool contradicted,
                             const memory::Recorded* recorded = nullptr,
                             const std::vector<std::string>& lacks = {}) {
  auto event = std::make_unique<Event>();
  event->report = std::move(report);
  event->root_cause = undetermined;
  event->evidence = memory::from_report(event->report);
  if (recorded != nullptr) {
    stand_in(*event, *recorded, lacks);
  }
  event->in_story = story.number;
  event->story = story.story;
  event->since_first = story.seconds_since_first;
  event->killed_at = story.killed_at;
  const Context context{event->evidence, event->report, story};
  std::vector<Claim> claims = all_claims(context);
  decide(claims, *event);
  name_candidates(*event, context);
  const bool no_request = is_oom(context) && !report::tells_of_oom(event->report);
  if (contradicted) {  // what is left may be wrong in the same way
    doubt(*event, Message("the numbers of this report"),
          Message("more of them are wrong than those that contradict others"));
  } else {
    name_uncounted(*event, context);
    if (no_request) {
      doubt(*event, Message("the first line (\"invoked oom-killer\")"),
            Message("the report is of a request that may not wait, or of none"));
    }
  }
  event->findings = in_order(std::move(claims));
  const double complete = completeness(event->report, missing_parts(*event).size());
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
  if (no_request) {
    forget_request(event->findings);
  }
  if (event->report.panic) {  // its processes ended with the machine
    for (Finding& finding : event->findings) {
      for (Remedy& remedy : finding.remedies) {
        std::erase_if(remedy.commands, is_about_running_processes);
      }
    }
  }
  return event;
}

// A kill or a panic that the log calls the whole machine's: the recorder's numbers are those of it.
bool is_of_machine(const Event& event) {
  const report::Report& report = event.report;
  const bool unbound = report.constraint && report.constraint->kind == report::ConstraintKind::none;
  return (report.kind == report::Kind::oom_kill || report.kind == report::Kind::oom_panic) &&
         (is_known_global(event.evidence) || unbound) && !is_bound(event.evidence) &&
         !is_sysrq(report) && report.unverified.empty();
}

// The report tells of a larger machine than that, or of another size.
bool is_of_other_size(const Event& event, Bytes ram) {
  const report::Report& report = event.report;
  const auto& pages = report.tail.ram;
  constexpr double most_reserved = 0.10;
  const Bytes printed = pages ? to_bytes(Pages(pages->value), event.evidence.page) : ram;
  const Bytes counted = to_bytes(memory::counted_pages(report), event.evidence.page);
  return ram.count() > 0 &&
         (counted > ram || printed < ram || share(printed - ram, printed) > most_reserved ||
          std::ranges::any_of(report.victims, [ram](const report::Victim& victim) {
            return to_bytes(victim.resident()) > ram;
          }));
}

// The same with what is known beside the log; nullptr where that changes nothing for the better.
std::unique_ptr<Event> judge_with(const Event& event, const StoryContext& story,
                                  const memory::Recorded& recorded) {
  const auto lacks = report::missing_parts(event.report);
  if (event.verdict == Verdict::proved || lacks.empty() || !is_of_machine(event) ||
      (!recorded.numbers && !recorded.min_free && recorded.ram.count() == 0)) {
    return nullptr;
  }
  report::Report report = event.report;
  if (recorded.numbers) {
    memory::add_numbers(report, *recorded.numbers);
  }
  // The machine went on between the two: where that shows, they are not one report.
  if (memory::cross_check(report) || (!recorded.age && is_of_other_size(event, recorded.ram))) {
    return nullptr;
  }
  auto with = judge(std::move(report), story, false, &recorded, lacks);
  if (!recorded.age) {
    doubt_other_time(*with, recorded.source);
  }
  // A cause is not ruled out by what may have been changed since.
  const bool fewer = (recorded.age || recorded.posted) && with->verdict == event.verdict &&
                     !with->candidates.empty() && with->candidates.size() < event.candidates.size();
  return with->verdict < event.verdict || fewer ? std::move(with) : nullptr;
}

}  // namespace

std::vector<Finding> in_order(std::vector<Claim>&& claims) {
  std::vector<Claim*> order;  // a claim is too large to be moved from place to place
  order.reserve(claims.size());
  for (Claim& claim : claims) {
    order.push_back(&claim);
  }
  std::ranges::stable_sort(order, [](const Claim* a, const Claim* b) {
    return std::tuple(a->role, a->rank, -a->strength) < std::tuple(b->role, b->rank, -b->strength);
  });
  std::vector<Finding> findings;
  findings.reserve(order.size());
  for (Claim* claim : order) {
    findings.push_back(std::move(*claim));
  }
  return findings;
}

std::vector<std::string> missing_parts(const Event& event) {
  return event.lacks.empty() ? report::missing_parts(event.report) : event.lacks;
}

std::unique_ptr<Event> explain(report::Report&& report, const StoryContext& story,
                               std::optional<memory::Recorded> recorded) {
  // Two reports in one contradict each other as well.
  const bool contradicted = memory::cross_check(report) || report.mixed_at.has_value();
  auto event = judge(std::move(report), story, contradicted);
  if (recorded) {
    if (auto with = contradicted ? nullptr : judge_with(*event, story, *recorded)) {
      event = std::move(with);
    }
    recorded->numbers.reset();  // what is used of them stands in the report
    if (recorded->age || !event->stood_in.empty()) {
      event->recorded = std::move(recorded);
    }
  }
  keep_cited_lines(*event);
  return event;
}

const Cause* find_cause(std::string_view id) {
  const auto causes = all_causes();
  const auto found = std::ranges::find(causes, id, &Cause::id);
  return found == causes.end() ? nullptr : *found;
}

}  // namespace whyoom::diagnose
