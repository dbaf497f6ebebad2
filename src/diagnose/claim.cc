#include "diagnose/claim.h"

#include <algorithm>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/blocks.h"
#include "diagnose/share.h"
#include "memory/sum_of.h"
#include "memory/task_with.h"

namespace whyoom::diagnose {

Claim claim(Role role, Rank rank, double strength, double confidence, Message summary) {
  Claim result;
  result.rank = rank;
  result.strength = strength;
  result.role = role;
  result.confidence = confidence;
  result.summary = std::move(summary);
  return result;
}

void weaken(Claim& claim, Message what, Message condition) {
  claim.grade = std::max(claim.grade, Verdict::likely);
  claim.overturned_by.push_back({std::move(what), std::move(condition)});
}

void leave_open(Claim& claim, Message decides) {
  claim.grade = Verdict::undetermined;
  claim.decides = std::move(decides);
}

void prove_zone(Finding& finding, const memory::Evidence& evidence, const memory::ZoneState& zone) {
  finding.prove(Message("zone {}: free and usable by this request", zone.name),
                to_bytes(zone.usable(), evidence.page), zone.at);
  finding.prove(Message("zone {}: must stay above this", zone.name),
                to_bytes(zone.floor, evidence.page), zone.at);
}

bool is_oom(const Context& context) {
  const auto kind = context.report.kind;
  return kind == report::Kind::oom_kill || kind == report::Kind::memcg_oom_kill ||
         kind == report::Kind::oom_panic;
}

bool is_memcg_oom(const Context& context) {
  return is_oom(context) && context.evidence.constraint == report::ConstraintKind::memcg;
}

Remedy set_remedy(Message title, ShellLiteral key, std::int64_t value) {
  return {std::move(title),
          {ShellCommand("sudo whyoom fix {}={}", key, value)},
          Setting{std::string(key.text()), value}};
}

bool is_known_global(const memory::Evidence& evidence) {
  using Reason = report::Panic::Reason;
  const report::Report& report = *evidence.report;
  // A cgroup without a task to kill goes on (mm/oom_kill.c out_of_memory()); and see
  // constraint_of().
  const auto& panic = report.panic;
  // The pools are behind the zones from 3.10 on, and since 3.9 no cgroup's report has either.
  const bool has_pools = report.trigger && !report.hugepages.empty() && !report.memcg;
  return is_of_page_fault(report) || report.known_global || has_pools || evidence.whole_machine ||
         called_by_kswapd(evidence) == Verdict::proved ||
         (panic && (panic->reason == Reason::deadlocked || panic->reason == Reason::no_killable ||
                    panic->reason == Reason::panic_on_oom_system_wide));
}

bool is_of_page_fault(const report::Report& report) {
  const auto& trigger = report.trigger;
  return trigger && trigger->gfp && trigger->gfp->mask == 0 && trigger->order == 0;
}

// It has PF_MEMALLOC: no request of its own, and no charge to a cgroup, calls the OOM killer
// (mm/page_alloc.c __alloc_pages_slowpath(), mm/memcontrol.c try_charge_memcg()). From 6.1 on the
// multi-gen LRU does, with the mask that kswapd reclaims with (mm/vmscan.c lru_gen_age_node(),
// balance_pgdat()). Programs that hide call themselves kswapd0 too; their numbers are not below
// RESERVED_PIDS, which after the start no process gets (kernel/pid.c alloc_pid()). Where there are
// many CPUs, a few threads of each come before kswapd.
constexpr std::int64_t reserved_pids = 300;

bool has_name_of_kswapd(const report::Trigger& trigger) {
  constexpr std::string_view name = "kswapd";
  return trigger.comm.starts_with(name) &&
         parse_number<unsigned>(std::string_view(trigger.comm).substr(name.size()));
}

std::optional<Verdict> called_by_kswapd(const memory::Evidence& evidence) {
  constexpr std::uint32_t gfp_kernel = 0xcc0;
  constexpr std::int64_t most_at_start = 4096;
  const report::Report& report = *evidence.report;
  if (report.by_kswapd) {
    return Verdict::proved;
  }
  const auto& trigger = report.trigger;
  const auto& release = evidence.release;
  if (!trigger || !trigger->gfp || trigger->gfp->mask != gfp_kernel || trigger->order != 0 ||
      !has_name_of_kswapd(*trigger) || is_bound(evidence) ||
      (release && !release->at_least(6, 1)) || trigger->pid > most_at_start ||
      (trigger->pid && memory::task_with(report, *trigger->pid) != nullptr)) {
    return std::nullopt;
  }
  // A trace that goes on behind out_of_memory() shows another caller.
  if (report.stack && std::ranges::any_of(report.stack->functions, [](std::string_view function) {
        return function.starts_with("out_of_memory");
      })) {
    return std::nullopt;
  }
  return release && trigger->pid && *trigger->pid < reserved_pids ? Verdict::proved
                                                                  : Verdict::likely;
}

std::optional<Bytes> size_of(const report::Victim& victim, const memory::Evidence& evidence) {
  if (victim.anon_rss_kib) {
    return to_bytes(victim.resident());
  }
  const report::Task* row = memory::task_with(*evidence.report, victim.pid);
  return row == nullptr ? std::nullopt : std::optional(to_bytes(Pages(row->rss), evidence.page));
}

bool is_bound(const memory::Evidence& evidence) {
  return evidence.constraint && *evidence.constraint != report::ConstraintKind::none;
}

bool is_swap_full(const memory::Evidence& evidence) {
  return evidence.swap_total && evidence.swap_free && evidence.swap_total->count() > 0 &&
         evidence.swap_free->count() <= evidence.swap_total->count() / 100;
}

bool is_global_oom(const Context& context) {
  return is_oom(context) && !is_memcg_oom(context) && !is_sysrq(context.report);
}

bool is_sysrq(const report::Report& report) {
  return report.sysrq_at || (report.trigger && report.trigger->order == -1);
}

std::optional<Bytes> counted_free(const memory::Evidence& evidence) {
  const auto& pages = evidence.report->totals.get(kernel::Field::free);
  return pages ? std::optional(to_bytes(Pages(pages->value), evidence.page)) : std::nullopt;
}

Bytes ram_at_least(const memory::Evidence& evidence) {
  return std::max(to_bytes(memory::counted_pages(*evidence.report), evidence.page),
                  evidence.ram.value_or(Bytes(0)));
}

std::optional<Bytes> free_elsewhere(const memory::Evidence& evidence) {
  const auto total = counted_free(evidence);
  const auto eligible = evidence.eligible_free();
  return total && eligible ? std::optional(*total - *eligible) : std::nullopt;
}

bool lacks_nodes_of_hugepages(const report::Report& report) {
  return !report.hugepages.empty() && report.hugepages.front().node > 0;
}

std::optional<Bytes> free_in_spite(const memory::Evidence& evidence) {
  constexpr double much = 0.10;
  if (evidence.zones.empty()) {
    const auto free = counted_free(evidence);
    const bool counted = std::ranges::all_of(memory::counted_apart, [&](kernel::Field field) {
      return evidence.report->totals.get(field).has_value();
    });
    return free && (evidence.ram || counted) && share(*free, ram_at_least(evidence)) >= most_of_ram
               ? free
               : std::nullopt;
  }
  Bytes free;
  bool above = false;
  for (const memory::ZoneState& zone : evidence.zones) {
    free += to_bytes(zone.free, evidence.page);
    above = above || (zone.reserve_known && zone.usable() > zone.high + zone.boost + zone.reserve);
  }
  return above && share(free, evidence.managed()) >= much ? std::optional(free) : std::nullopt;
}

Place place_of_ram(const report::Report& report) {
  return report.tail.ram ? report.tail.ram->at : Place{};
}

Read<Bytes> balloon(const memory::Evidence& evidence) {
  Read<Bytes> sum;
  for (const auto& node : evidence.report->nodes) {
    if (const auto& counter = node.fields.get(kernel::Field::balloon)) {
      sum.value += to_bytes(KiB(counter->value));
      sum.at = counter->at;
    }
  }
  return sum;
}

Bytes eligible_managed(const memory::Evidence& evidence) {
  Bytes sum;
  for (const auto& zone : evidence.zones) {
    if (zone.eligible) {
      sum += to_bytes(zone.managed.value_or(Pages(0)), evidence.page);
    }
  }
  return sum;
}

double filled_by_slab(const Context& context) {
  const auto& slab = context.report.totals.get(kernel::Field::slab_unreclaimable);
  const Bytes zones = eligible_managed(context.evidence);
  const double part = slab && zones > Bytes(0)
                          ? share(to_bytes(Pages(slab->value), context.evidence.page), zones)
                          : 0;
  constexpr double most = 1.05;
  return part > most ? 0 : part;  // a zone is missing
}

namespace {

// As the constraint line or the header lists them; "" when neither does.
std::string listed_nodes(const report::Report& report) {
  const auto is_list = [](const std::string& text) { return !text.empty() && text[0] != '('; };
  if (report.constraint) {
    const auto& constraint = *report.constraint;
    if (constraint.kind == report::ConstraintKind::mempolicy && is_list(constraint.nodemask)) {
      return constraint.nodemask;
    }
    if (is_list(constraint.mems_allowed)) {
      return constraint.mems_allowed;
    }
  }
  if (report.trigger && report.trigger->nodemask && is_list(*report.trigger->nodemask)) {
    return *report.trigger->nodemask;
  }
  return report.mems_allowed.value_or("");
}

}  // namespace

std::string nodes_text(const report::Report& report) {
  const std::string nodes = printable(listed_nodes(report));
  const bool one = nodes.find_first_not_of("0123456789") == std::string::npos;
  return nodes.empty() ? nodes : one ? tr("node {}", nodes) : tr("nodes {}", nodes);
}

bool has_size(const report::Zone& zone) {
  return zone.fields.get(kernel::Field::managed) || zone.fields.get(kernel::Field::present);
}

bool is_within_reclaim(const report::Report& report) {
  static constexpr std::array<std::string_view, 7> reclaim{
      "shrink_node",      "shrink_lruvec", "shrink_folio_list", "shrink_page_list",
      "shrink_inactive_", "shrink_slab",   "shrink_zone"};
  const auto& trigger = report.trigger;
  const bool of_kswapd = trigger && has_name_of_kswapd(*trigger) &&
                         trigger->pid.value_or(reserved_pids) < reserved_pids;
  return of_kswapd || (report.stack &&
                       std::ranges::any_of(report.stack->functions, [](std::string_view function) {
                         return std::ranges::any_of(reclaim, [&](std::string_view name) {
                           return function.starts_with(name);
                         });
                       }));
}

bool ignores_marks(const report::Report& report, kernel::GfpFlags flags) {
  return is_within_reclaim(report) && !kernel::is_atomic(flags) &&
         !flags.has(kernel::GfpFlag::nomemalloc);
}

bool lacks_sizes(const report::Report& report) {
  return std::ranges::none_of(report.zones, has_size);
}

// The kernel's own min is below 5 % of RAM; with more than this free, memory was not used up.
constexpr double most_left_free = 0.20;

const memory::Account* used_up(const Context& context) {
  const auto& evidence = context.evidence;
  // Counters alone, without a head and an end, can be those of a failed allocation.
  const auto& report = context.report;
  if (!is_global_oom(context) || !report::tells_of_oom(report) || !evidence.account ||
      !evidence.ram || !evidence.zones_complete || !evidence.has_eligible()) {
    return nullptr;
  }
  // A block can be missing although enough is free: that is fragmentation, not use.
  if (const auto split = fragmented_zone(evidence); split && split->fragmented()) {
    return nullptr;
  }
  if (!evidence.all_eligible_at_high()) {
    return nullptr;
  }
  const Bytes total = evidence.account->total;
  if (share(evidence.account->size(memory::AccountLine::What::free), total) > most_left_free) {
    return nullptr;
  }
  const auto elsewhere = free_elsewhere(evidence);
  if (elsewhere && elsewhere->count() > total.count() / 10) {
    return nullptr;
  }
  return &*evidence.account;
}

std::string process(std::string_view comm, std::int64_t pid) {
  return tr("{} (pid {})", comm.empty() ? tr("a process") : printable(comm), std::to_string(pid));
}

}  // namespace whyoom::diagnose
