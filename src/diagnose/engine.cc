#include "diagnose/engine.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include "diagnose/claim.h"
#include "diagnose/confidence.h"
#include "diagnose/share.h"
#include "diagnose/what_if_of.h"
#include "memory/cross_check.h"

namespace whyoom::diagnose {

namespace {

constexpr double most_likely = 0.89;    // confidence of what is likely
constexpr double most_in_doubt = 0.75;  // where numbers of the report contradict each other

// A process that had less is not what used up a machine.
constexpr Bytes small_process{std::uint64_t{16} << 20U};

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

// Of an OOM of the machine without a line of its zones: memory was used up, or it was free and kept
// back, and nothing that is there tells. Who used it would be a process, unless the kernel, which
// takes the biggest, found only small ones or none.
void name_candidates(Event& event, const Context& context) {
  const report::Report& report = context.report;
  if (event.verdict != Verdict::undetermined || !event.candidates.empty() ||
      !is_global_oom(context) || !is_known_global(report) || is_bound(event.evidence) ||
      is_sysrq(report) || !report.zones.empty() || context.story.killed_at.line != 0) {
    return;
  }
  const bool only_small = std::ranges::all_of(report.victims, [](const report::Victim& victim) {
    return victim.anon_rss_kib && to_bytes(victim.anon()) < small_process &&
           victim.oom_score_adj.value_or(0) <= 0;
  });
  const bool none_left = report.no_killable_at.has_value();
  const bool kernel = none_left || (!report.victims.empty() && only_small);
  event.candidates.push_back({kernel ? "kernel-unaccounted" : "memory-exhausted",
                              Message("the counters of Mem-Info (\"active_anon:\")")});
  event.candidates.push_back(
      {"min-free-too-high", Message("the zones' min (\"Node 0 Normal free: min:\")")});
}

// Most of RAM is in no counter, and the zones' lines are cut, so that they are no proof: the kernel
// itself has the pages, and a balloon is what most often takes so many.
void name_uncounted(Event& event, const Context& context) {
  const auto& account = event.evidence.account;
  if (event.verdict != Verdict::undetermined || !event.candidates.empty() ||
      !is_global_oom(context) || is_sysrq(context.report) || !account ||
      !account->hugepages_known || event.evidence.zones_complete ||
      share(account->size(memory::AccountLine::What::unaccounted), account->total) < most_of_ram) {
    return;
  }
  event.candidates.push_back(
      {"kernel-unaccounted", Message("the rest of the zones' lines (\"present:\", \"managed:\")")});
  event.candidates.push_back(
      {"balloon-or-hotplug",
       Message("how much the balloon holds (the host tells, or \"Balloon:\" in /proc/meminfo)")});
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
  // Two reports in one contradict each other as well.
  const bool contradicted =
      memory::cross_check(event->report) || event->report.mixed_at.has_value();
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
  name_candidates(*event, context);
  if (contradicted) {
    doubt(*event);
  } else {
    name_uncounted(*event, context);
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
  if (event->report.panic) {  // its processes ended with the machine
    for (Finding& finding : event->findings) {
      for (Remedy& remedy : finding.remedies) {
        std::erase_if(remedy.commands, is_about_running_processes);
      }
    }
  }
  return event;
}

const Cause* find_cause(std::string_view id) {
  const auto causes = all_causes();
  const auto found = std::ranges::find(causes, id, &Cause::id);
  return found == causes.end() ? nullptr : *found;
}

}  // namespace whyoom::diagnose
