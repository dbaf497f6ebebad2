#include "diagnose/candidates_by_zones.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "diagnose/candidates_by_parts.h"
#include "diagnose/candidates_of_cgroup.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/allowed_nodes.h"

namespace whyoom::diagnose {

namespace {

using kernel::Field;
using memory::ZoneState;

// Of one zone, if it is printed.
Bytes part(const ZoneState& zone, std::initializer_list<Field> fields) {
  KiB all;
  for (const Field field : fields) {
    const auto& value = zone.printed->fields.get(field);
    all += KiB(value ? value->value : 0);
  }
  return to_bytes(all);
}

Bytes size_of_zone(const ZoneState& zone) {
  return part(zone, {zone.printed->fields.get(Field::managed) ? Field::managed : Field::present});
}

// For a request that may not use CMA: where none is known, most may not.
Pages without_cma(const ZoneState& zone, const memory::Evidence& evidence) {
  const Pages cma = evidence.request.flags_known
                        ? Pages(0)
                        : to_pages(part(zone, {Field::free_cma}), evidence.page);
  return zone.usable() - std::min(cma, zone.usable());
}

// The last attempt before a kill asks for the high mark.
Pages high_of(const ZoneState& zone) { return zone.high + zone.boost + zone.reserve + zone.slack; }

bool is_low(const ZoneState& zone, const memory::Evidence& evidence) {
  return without_cma(zone, evidence) <= high_of(zone);
}

// By a zone, or for the machine: from 4.8 on zones have no slab, from 5.9 on no page tables.
bool is_printed(const memory::Evidence& evidence, Field field) {
  return evidence.report->totals.get(field) ||
         std::ranges::any_of(evidence.zones, [field](const ZoneState& zone) {
           return zone.printed->fields.get(field).has_value();
         });
}

// What the eligible zones have in these fields; where no zone has the field, the whole machine.
Bytes sum(const memory::Evidence& evidence, WhoseZones whose, std::initializer_list<Field> fields) {
  const report::Report& report = *evidence.report;
  Bytes all;
  for (const Field field : fields) {
    bool printed = false;
    for (const ZoneState& zone : evidence.zones) {
      printed = printed || zone.printed->fields.get(field);
      all += zone.eligible ? part(zone, {field}) : Bytes(0);
    }
    const auto& total = report.totals.get(field);
    if (!printed && total && whose == WhoseZones::machine) {
      all += to_bytes(Pages(total->value), evidence.page);
    }
  }
  return all;
}

}  // namespace

bool have_nothing_left(const memory::Evidence& evidence) {
  return evidence.has_eligible() && std::ranges::all_of(evidence.zones, [&](const auto& zone) {
           return !zone.eligible || is_low(zone, evidence);
         });
}

void name_by_zones(Event& event, WhoseZones whose, const Message& decides) {
  const memory::Evidence& evidence = event.evidence;
  const report::Report& report = event.report;
  Bytes all;
  for (const ZoneState& zone : evidence.zones) {
    all += zone.eligible ? size_of_zone(zone) : Bytes(0);
  }
  const bool of_machine = whose == WhoseZones::machine;
  const Bytes ram = of_machine ? evidence.ram.value_or(all) : all;
  const bool elsewhere = of_machine && free_elsewhere(evidence).value_or(Bytes(0)) > ram / 10;
  if (all.count() == 0 || share(all, ram) < 1 - big_share || report.mixed_at || elsewhere ||
      !have_nothing_left(evidence)) {
    return;
  }
  const auto add = [&](Bytes size, std::initializer_list<std::string_view> causes) {
    if (share(size, all) >= big_share) {
      std::ranges::for_each(causes, [&](auto cause) { name(event, cause, decides); });
    }
  };
  // To 2.6.27 there is one list for both kinds.
  const Bytes anon = sum(
      evidence, whose,
      {Field::active_anon, Field::inactive_anon, Field::active, Field::inactive, Field::zspages});
  const Bytes locked = sum(evidence, whose, {Field::unevictable});
  const Bytes slab = sum(evidence, whose, {Field::slab_unreclaimable, Field::slab});
  const Bytes tables = sum(evidence, whose, {Field::pagetables});
  const Bytes pools = set_aside(report, of_machine ? std::nullopt : memory::allowed_nodes(report));
  add(anon, {"memory-exhausted"});
  if (sum(evidence, whose, {Field::shmem}) > anon / 2) {
    add(anon, {"shmem-tmpfs"});
  }
  add(locked, {"unevictable"});
  add(slab, {"slab-leak"});
  add(tables, {"page-tables"});
  add(std::min(pools, all), {"hugepages-reserved"});
  const Bytes other = sum(evidence, whose,
                          {Field::active_file, Field::inactive_file, Field::free,
                           Field::slab_reclaimable, Field::kernel_stack});
  const Bytes counted = anon + locked + slab + tables + other + pools;
  const Bytes rest = all - std::min(counted, all);
  add(rest, {"kernel-unaccounted"});
  if (!is_printed(evidence, Field::slab_unreclaimable) && !is_printed(evidence, Field::slab)) {
    add(rest, {"slab-leak"});
  }
  if (!is_printed(evidence, Field::pagetables)) {
    add(rest, {"page-tables"});
  }
}

void name_printout(Event& event) {
  const memory::Evidence& evidence = event.evidence;
  if (!event.candidates.empty() || !evidence.has_eligible()) {
    return;
  }
  const Message head(R"(the first line ("invoked oom-killer", "page allocation failure"))");
  const auto is_high = [&](const ZoneState& zone) {
    return zone.eligible && zone.zone >= kernel::ZoneClass::highmem && !is_low(zone, evidence);
  };
  const auto only_below = [&](const ZoneState& zone) {
    return !zone.eligible || zone.zone >= kernel::ZoneClass::highmem || zone.is_short();
  };
  if (std::ranges::any_of(evidence.zones, is_high) &&
      std::ranges::all_of(evidence.zones, only_below)) {
    name(event, "lowmem-exhausted", head);
    return;
  }
  if (have_nothing_left(evidence) &&
      std::ranges::any_of(evidence.zones, [&](const ZoneState& zone) {
        return zone.eligible && zone.usable() > high_of(zone);
      })) {
    name(event, "cma-only", head);
  }
  if (evidence.account && evidence.ram && have_nothing_left(evidence)) {
    name_by_account(event, head);
  } else {
    name_by_zones(event, WhoseZones::machine, head);
  }
}

}  // namespace whyoom::diagnose
