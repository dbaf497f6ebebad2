#include "diagnose/engine.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "diagnose/cgroup.h"
#include "diagnose/claim.h"
#include "diagnose/confidence.h"
#include "diagnose/quotes.h"
#include "diagnose/share.h"
#include "diagnose/what_if_of.h"
#include "kernel/known_bugs.h"
#include "memory/cross_check.h"
#include "memory/printed_score.h"
#include "memory/task_with.h"

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

// What it held: by its own line, or by its row of the task table.
std::optional<Bytes> size_of(const report::Victim& victim, const memory::Evidence& evidence) {
  if (victim.anon_rss_kib) {
    return to_bytes(victim.resident());
  }
  const report::Task* row = memory::task_with(*evidence.report, victim.pid);
  return row == nullptr || row->oom_score_adj > 0
             ? std::nullopt
             : std::optional(to_bytes(Pages(row->rss), evidence.page));
}

// The kernel took it, or the one in whose place it died, for its oom_score_adj.
bool is_preferred(const report::Victim& victim, const report::Report& report) {
  const auto row_is = [&report](std::int64_t pid) {
    const report::Task* row = memory::task_with(report, pid);
    return row != nullptr && row->oom_score_adj > 0;
  };
  return victim.oom_score_adj.value_or(0) > 0 || row_is(victim.pid) ||
         (victim.instead_of && row_is(*victim.instead_of));
}

constexpr int costly_order = 3;  // PAGE_ALLOC_COSTLY_ORDER: above it the size alone is the reason

void name(Event& event, std::string_view cause, Message&& decides) {
  event.candidates.push_back({cause, std::move(decides)});
}

// And the early kills of 4.7 for a few pages, where other kernels go on.
void name_fragmentation(Event& event, const report::Report& report) {
  if (!report.trigger || report.trigger->order.value_or(0) <= 0) {
    return;
  }
  const Message lists("the free lists (\"Node 0 Normal: 12*4kB\")");
  name(event, "fragmentation", Message(lists));
  if (report.kind != report::Kind::page_allocation_failure && report.stack &&
      *report.trigger->order <= costly_order && kernel::may_reclaim(event.evidence.request.flags) &&
      kernel::affected(kernel::known_bug(kernel::Bug::high_order_gave_up), report.stack->release) ==
          kernel::Affected::yes) {
    name(event, "kernel-bug", Message(lists));
  }
}

// Open as long as no zone's min is there: the setting has no ordinary range.
void name_by_marks(Event& event, std::string_view cause) {
  name(event, cause, Message("the zones' min (\"Node 0 Normal free: min:\")"));
}

// Zones whose size nobody knows, and none of which could have served the request.
bool are_sizeless(const memory::Evidence& evidence) {
  return !evidence.ram && !evidence.account && evidence.has_eligible() &&
         std::ranges::all_of(evidence.zones, [](const memory::ZoneState& zone) {
           return !zone.managed && (!zone.eligible || zone.is_short() || !zone.reserve_known);
         });
}

// So that some thousands of it can have filled a machine.
constexpr Bytes smallest_of_many{std::uint64_t{1} << 20U};

// In what no process holds, or in many small ones.
void name_unheld(Event& event, const report::Report& report, const Message& counters) {
  const bool nothing_to_kill = report.no_killable_at.has_value();
  const bool many = std::ranges::any_of(report.victims, [&](const report::Victim& victim) {
    const auto size = size_of(victim, event.evidence);
    return size && *size >= smallest_of_many;
  });
  if (many && report.tasks.empty() && !nothing_to_kill) {
    name(event, "many-processes", Message("the task table"));
  }
  for (const std::string_view cause : {"kernel-unaccounted", "slab-leak", "shmem-tmpfs"}) {
    name(event, cause, Message(counters));
  }
  if (nothing_to_kill && report.hugepages.empty()) {  // as at a boot that reserves too many
    name(event, "hugepages-reserved", Message(counters));
  }
}

// Of an OOM of the machine without a line of its zones: memory was used up, or it was free and kept
// back, and nothing that is there tells. Who used it would be a process, unless the kernel, which
// takes the biggest, found only small ones or none: then it is in what no process holds.
void name_candidates(Event& event, const Context& context) {
  const report::Report& report = context.report;
  const bool no_zones = report.zones.empty();
  if (event.verdict != Verdict::undetermined || !event.candidates.empty() ||
      !is_global_oom(context) || !is_known_global(event.evidence) || is_bound(event.evidence) ||
      !(no_zones || are_sizeless(event.evidence)) || context.story.killed_at.line != 0) {
    return;
  }
  const bool only_small = std::ranges::all_of(report.victims, [&](const report::Victim& victim) {
    const auto size = size_of(victim, event.evidence);
    return size && *size < small_process && !is_preferred(victim, report) &&
           !victim.allocating_task;
  });
  const bool tables = std::ranges::any_of(report.victims, [](const report::Victim& victim) {
    return victim.page_tables() > victim.resident() &&
           to_bytes(victim.page_tables()) >= small_process;
  });
  const bool none_left = report.no_killable_at.has_value();
  const auto score = memory::printed_score(event.evidence);
  const bool big = score && score->share >= big_share;
  const bool kernel = none_left || (!report.victims.empty() && only_small && !big);
  const auto& totals = report.totals;
  const bool counted = totals.get(kernel::Field::active_anon) && totals.get(kernel::Field::free);
  const Message size_of_ram(R"(the lines "pages RAM" and "pages reserved")");
  const Message counters =
      counted ? size_of_ram : Message("the counters of Mem-Info (\"active_anon:\")");
  if (is_of_page_fault(report)) {
    name_by_marks(event, "spurious-pagefault");
  }
  const memory::Request& request = event.evidence.request;
  if (no_zones && request.flags_known && request.highest < kernel::ZoneClass::normal) {
    name_by_marks(event, "lowmem-exhausted");
  }
  if (kernel && !tables) {
    name_unheld(event, report, counters);
  } else {
    name(event, tables ? "page-tables" : "memory-exhausted", Message(counters));
  }
  name_fragmentation(event, report);
  if (no_zones) {
    name_by_marks(event, "min-free-too-high");
  } else {
    name(event, "min-free-too-high", Message(size_of_ram));
  }
}

// Which limit a cgroup reached is known; what filled it is a cause of its own.
void name_fillings(Event& event, const Context& context) {
  if (event.verdict != Verdict::undetermined || event.candidates.size() != 1 ||
      (event.candidates[0].cause != "cgroup-limit" &&
       event.candidates[0].cause != "cgroup-parent-limit")) {
    return;
  }
  const auto use = cgroup_use(context);
  if (!use || use->level == CgroupUse::Level::unknown || use->filling_known()) {
    return;
  }
  const Message lines = event.candidates[0].decides;
  for (const std::string_view cause :
       {"cgroup-page-cache", "cgroup-shmem", "cgroup-kernel-memory"}) {
    event.candidates.push_back({cause, lines});
  }
}

// Of a request that may not wait and failed, without a line of the zones.
void name_atomic(Event& event, const Context& context) {
  const report::Report& report = context.report;
  const memory::Request& request = event.evidence.request;
  if (event.verdict != Verdict::undetermined || !event.candidates.empty() ||
      report.kind != report::Kind::page_allocation_failure || !report.zones.empty() ||
      report.vmalloc || (report.slub && !report.slub->cgroup.empty()) || !request.flags_known ||
      !kernel::is_atomic(request.flags) || request.order.value_or(-1) < 0 ||
      *request.order > costly_order) {
    return;
  }
  name_by_marks(event, "atomic-allocation-failure");
  name_fragmentation(event, report);
  name_by_marks(event, "min-free-too-high");
}

// Most of RAM is in no counter, and the zones' lines are cut, so that they are no proof: the kernel
// itself has the pages, and a balloon is what most often takes so many.
void name_uncounted(Event& event, const Context& context) {
  const auto& account = event.evidence.account;
  if (event.verdict != Verdict::undetermined || !event.candidates.empty() ||
      !is_global_oom(context) || !account || !account->hugepages_known ||
      event.evidence.zones_complete ||
      share(account->size(memory::AccountLine::What::unaccounted), account->total) < most_of_ram) {
    return;
  }
  event.candidates.push_back(
      {"kernel-unaccounted", Message(R"(the rest of the zones' lines ("present:", "managed:"))")});
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

// Numbers of the recorder stand in for those that the report lacks: `lacks` are parts of the log.
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
  name_atomic(*event, context);
  name_fillings(*event, context);
  if (contradicted) {
    doubt(*event);
  } else {
    name_uncounted(*event, context);
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

// The same with the recorder's numbers; nullptr where they change nothing for the better.
std::unique_ptr<Event> judge_with(const Event& event, const StoryContext& story,
                                  const memory::Recorded& recorded) {
  const auto lacks = report::missing_parts(event.report);
  if (event.verdict == Verdict::proved || lacks.empty() || !is_of_machine(event) ||
      (!recorded.numbers && !recorded.min_free)) {
    return nullptr;
  }
  report::Report report = event.report;
  if (recorded.numbers) {
    memory::add_numbers(report, *recorded.numbers);
  }
  // The machine went on between the two: where that shows, they are not one report.
  if (memory::cross_check(report)) {
    return nullptr;
  }
  auto with = judge(std::move(report), story, false, &recorded, lacks);
  return with->verdict < event.verdict ? std::move(with) : nullptr;
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
    event->recorded = std::move(recorded);
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
