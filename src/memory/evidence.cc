#include "memory/evidence.h"

#include <algorithm>

#include "memory/account.h"
#include "memory/min_free.h"
#include "memory/page_size.h"
#include "memory/zones.h"

namespace whyoom::memory {

namespace {

// The last attempt is for a slab of one object (mm/slub.c calculate_sizes()). What a debugging
// kernel puts around it does not make a page of half a page.
std::optional<int> order_of_slab(const report::SlubFailure& slub) {
  constexpr std::uint64_t smallest_page = 4096;
  const auto size = slub.buffer_size ? slub.buffer_size : slub.object_size;
  const bool fits = size && *size <= (slub.buffer_size ? smallest_page : smallest_page / 2);
  return slub.min_order ? slub.min_order : fits ? std::optional(0) : std::nullopt;
}

Request request_of(const report::Report& report) {
  Request request;
  if (report.slub) {
    request.order = order_of_slab(*report.slub);
  }
  if (!report.trigger) {
    return request;
  }
  if (report.trigger->order) {
    request.order = report.trigger->order;
  }
  const auto& gfp = report.trigger->gfp;
  if (gfp && !gfp->flags.empty()) {
    request.flags = gfp->flags;
    request.flags_known = true;
    request.highest = kernel::gfp_zone(gfp->flags);
    request.may_use_cma = kernel::is_movable(gfp->flags);
  }
  return request;
}

// Kernels before 5.0 print no constraint line, and a panic prints none either.
std::optional<report::ConstraintKind> constraint_of(const report::Report& report) {
  if (report.constraint) {
    return report.constraint->kind;
  }
  const bool memcg_victim = std::ranges::any_of(report.victims, &report::Victim::memcg);
  if (report.memcg || memcg_victim || report.kind == report::Kind::memcg_oom_kill) {
    return report::ConstraintKind::memcg;
  }
  // vm.panic_on_oom=1 is of no cgroup, cpuset or policy (mm/oom_kill.c check_panic_on_oom()).
  if (report.panic && report.panic->reason == report::Panic::Reason::panic_on_oom_system_wide) {
    return report::ConstraintKind::none;
  }
  return std::nullopt;
}

std::optional<CgroupLimit> cgroup_of(const Evidence& evidence) {
  if (evidence.constraint != report::ConstraintKind::memcg || !evidence.report->memcg) {
    return std::nullopt;
  }
  const report::MemcgCounter& memory = evidence.report->memcg->memory;
  const auto limit = limit_of(memory.limit_kib);
  if (!memory.usage_kib || !limit) {
    return std::nullopt;
  }
  return CgroupLimit{to_bytes(KiB(memory.usage_kib->value)), *limit};
}

// What a what-if needs beside the zones.
void add_settings(Evidence& evidence) {
  evidence.scale_factor = inferred_scale_factor(evidence.zones);
  for (const report::Hugepages& pool : evidence.report->hugepages) {
    evidence.hugepages.push_back(
        {std::max(pool.node, 0), to_bytes(pool.size), pool.total, pool.free, pool.at});
  }
  evidence.cgroup = cgroup_of(evidence);
}

}  // namespace

std::optional<Bytes> Evidence::eligible_free() const {
  Bytes sum;
  bool any = false;
  for (const ZoneState& zone : zones) {
    if (zone.eligible) {
      sum += to_bytes(zone.free, page);
      any = true;
    }
  }
  return any ? std::optional(sum) : std::nullopt;
}

bool Evidence::has_eligible() const { return std::ranges::any_of(zones, &ZoneState::eligible); }

bool Evidence::all_eligible_at(Pages (*mark)(const ZoneState&)) const {
  bool each = true;
  Pages above;
  Pages managed;
  for (const ZoneState& zone : zones) {
    if (!zone.eligible) {
      continue;
    }
    const Pages excess = zone.usable() - mark(zone);
    each = each && excess <= zone.slack;
    above += excess;
    managed += zone.managed.value_or(Pages(0));
  }
  return zones_complete && has_eligible() && (each || above <= drift_allowance(managed, page));
}

bool Evidence::all_eligible_short() const {
  return all_eligible_at([](const ZoneState& zone) { return zone.floor; });
}

bool Evidence::all_eligible_at_high() const {
  return all_eligible_at(
      [](const ZoneState& zone) { return zone.high + zone.boost + zone.reserve; });
}

Evidence from_report(const report::Report& report) {
  Evidence evidence;
  evidence.report = &report;
  evidence.sources = {report.source};
  if (const auto page = find_page_size(report)) {
    evidence.page = *page;
    evidence.page_size_known = true;
  }
  const std::string_view release = report::release_of(report);
  evidence.release = kernel::parse_release(release);
  evidence.rules = rules_for(release);
  evidence.request = request_of(report);
  evidence.constraint = constraint_of(report);
  const auto& tail = report.tail;
  if (tail.ram && tail.reserved) {
    evidence.ram = to_bytes(Pages(tail.ram->value) - Pages(tail.reserved->value), evidence.page);
    evidence.reserved = to_bytes(Pages(tail.reserved->value), evidence.page);
  }
  evidence.zones = zone_states(report, evidence, evidence.cut_zones);
  if (tail.total_swap_kib) {
    evidence.swap_total = to_bytes(KiB(tail.total_swap_kib->value));
  }
  if (tail.free_swap_kib) {
    evidence.swap_free = to_bytes(KiB(tail.free_swap_kib->value));
  }
  evidence.zones_complete = zones_complete(evidence);
  if (!evidence.ram) {
    evidence.ram = ram_of_zones(evidence);
  }
  evidence.whole_machine = is_whole_machine(evidence);
  recover_min_free(evidence);
  add_settings(evidence);
  evidence.account = account_of(report, evidence);
  evidence.attribution = attribute(evidence);
  evidence.ranking = rank_victims(evidence);
  return evidence;
}

}  // namespace whyoom::memory
