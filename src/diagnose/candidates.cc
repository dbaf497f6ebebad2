#include "diagnose/candidates.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "diagnose/candidates_by_parts.h"
#include "diagnose/candidates_by_zones.h"
#include "diagnose/candidates_of_cgroup.h"
#include "diagnose/candidates_of_request.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/allowed_nodes.h"
#include "memory/printed_score.h"
#include "memory/sum_of.h"
#include "memory/task_with.h"
#include "memory/vendor_rules.h"

namespace whyoom::diagnose {

namespace {

using kernel::Field;

// A process that had less is not what used up a machine.
constexpr Bytes small_process{std::uint64_t{16} << 20U};

// The kernel took it, or the one in whose place it died, for its oom_score_adj.
bool is_preferred(const report::Victim& victim, const report::Report& report) {
  const auto row_is = [&report](std::int64_t pid) {
    const report::Task* row = memory::task_with(report, pid);
    return row != nullptr && row->oom_score_adj > 0;
  };
  return victim.oom_score_adj.value_or(0) > 0 || row_is(victim.pid) ||
         (victim.instead_of && row_is(*victim.instead_of));
}

// The free lists are there, and no zone above the lowest has a block of 8 pages left. Those of the
// highatomic reserve and of CMA are not for everybody.
bool is_in_pieces(const report::Report& report) {
  constexpr int largest_that_kills = kernel::costly_order;
  const auto above_lowest = report.zones.begin() + (report.zones.size() > 1 ? 1 : 0);
  return !report.zones.empty() &&
         std::all_of(above_lowest, report.zones.end(), [](const report::Zone& zone) {
           return !zone.buddy.empty() &&
                  std::ranges::none_of(zone.buddy, [](const report::BuddyBlock& block) {
                    return block.order >= largest_that_kills && block.count > 0 &&
                           block.types != "H" && block.types != "C";
                  });
         });
}

// So little was free that nothing was kept back.
bool was_little_free(const memory::Evidence& evidence) {
  constexpr double little = 0.02;
  const auto free = counted_free(evidence);
  const Bytes ram = ram_at_least(evidence);
  return free && ram.count() > 0 && share(*free, ram) < little;
}

// vm.min_free_kbytes is as the kernel itself chooses it, by what is known of the zones, or keeps
// too little of RAM to be the cause.
bool keeps_little_back(const memory::Evidence& evidence) {
  const auto& setting = evidence.min_free;
  const auto& own = evidence.default_min_free;
  if (was_little_free(evidence)) {
    return true;
  }
  return setting && ((own && share(setting->value, *own) <= memory::clearly_above_default) ||
                     setting->share_of_ram.value_or(1) < big_min_free);
}

void name_hugepages(Event& event) {
  name(event, "hugepages-reserved",
       Message("the line of the usual huge pages (\"hugepages_total=\")"));
}

Message size_of_ram() { return Message(R"(the lines "pages RAM" and "pages reserved")"); }
Message rest_of_zones() { return Message(R"(the rest of the zones' lines ("low:", "managed:"))"); }

// Its lowmem_reserve[] is lost. Normal keeps pages only from what HighMem or ZONE_MOVABLE could
// have served (mm/page_alloc.c setup_per_zone_lowmem_reserve()).
bool may_have_reserve(const memory::ZoneState& zone, const report::Report& report) {
  const bool narrow = report.stack && report.stack->narrow;
  return !zone.reserve_known && (zone.zone < kernel::ZoneClass::normal || narrow);
}

bool are_counted(const report::Report& report) {
  return report.totals.get(Field::active_anon) && report.totals.get(Field::free);
}

// The first line that is missing to say whose RAM was used, or kept back.
Message lost_line_of_use(const memory::Evidence& evidence) {
  const report::Report& report = *evidence.report;
  return !report.totals.get(Field::active_anon)
             ? Message("the counters of Mem-Info (\"active_anon:\")")
         : !are_counted(report) ? Message("the counters of Mem-Info (\"free:\")")
         : !evidence.ram        ? size_of_ram()
                                : Message("the zones' min (\"Node 0 Normal free: min:\")");
}

// Zones whose size no line tells, and none of which could have served the request.
bool are_sizeless(const memory::Evidence& evidence) {
  return !evidence.ram && !evidence.account && evidence.has_eligible() &&
         std::ranges::all_of(evidence.zones, [&](const memory::ZoneState& zone) {
           return !has_size(*zone.printed) &&
                  (!zone.eligible || zone.is_short() || may_have_reserve(zone, *evidence.report));
         });
}

// What was counted is a part of RAM at least; with less than a big share of it nothing used it up.
bool is_little(const report::Report& report, std::initializer_list<Field> parts) {
  Pages part;
  for (const Field field : parts) {
    const auto& pages = report.totals.get(field);
    if (!pages) {
      return false;
    }
    part += Pages(pages->value);
  }
  const Pages all = memory::counted_pages(report);
  return all > Pages(0) && share(Bytes(part.count()), Bytes(all.count())) < big_share;
}

// 0: not known.
Bytes ram_at_most(const memory::Evidence& evidence) {
  const auto& pages = evidence.report->tail.ram;
  const Bytes printed = pages ? to_bytes(Pages(pages->value), evidence.page) : Bytes(0);
  return evidence.ram.value_or(printed);
}

// What processes have, and shared memory, could have been moved there. A process that had most of
// RAM was faster.
bool has_room_in_swap(const memory::Evidence& evidence) {
  const report::Report& report = *evidence.report;
  const Bytes ram = ram_at_most(evidence);
  const bool has_hog = std::ranges::any_of(report.victims, [&](const report::Victim& victim) {
    return share(size_of(victim, evidence).value_or(Bytes(0)), ram) >= most_of_ram;
  });
  return ram.count() > 0 && evidence.swap_free && !has_hog &&
         share(*evidence.swap_free, ram) >= big_share;
}

// The page cache filled RAM and could not be given back, by the lines behind the zones: it was no
// file's of a disk.
bool is_full_of_cache(const report::Report& report, const memory::Evidence& evidence) {
  const auto& cache = report.tail.pagecache;
  const std::uint64_t swapped = report.tail.swap_cache ? report.tail.swap_cache->value : 0;
  return evidence.ram && cache && cache->value > swapped &&
         share(to_bytes(Pages(cache->value - swapped), evidence.page), *evidence.ram) >= 0.75;
}

// Who the kernel found to kill, and what that and the counters tell of the rest.
struct Found {
  bool small = false;       // only processes that used up nothing
  bool minor = false;       // the biggest, by its score, had little of RAM and swap
  bool many = false;        // of the size of which some thousands can have filled a machine
  bool none_left = false;   // or none at all
  bool unkillable = false;  // none, and whoever asked may not be killed and may have all of it
  bool tables = false;      // page tables were most of it
  bool room_in_swap = false;
  bool little_held = false;  // by processes, of what was counted
  bool much_free = false;    // by the free lists
  bool all_cache = false;    // by the lines behind the zones
  double idle_pools = 0;     // huge pages that nobody uses, of RAM
};

// By the lists, where the lines of their zones are lost. `kind`: in blocks of that kind alone.
Bytes free_by_lists(const report::Report& report, const memory::Evidence& evidence, char kind) {
  Pages pages;
  for (const report::Zone& zone : report.zones) {
    for (const report::BuddyBlock& block : zone.buddy) {
      if (block.order <= 30 && (kind == 0 || block.types == std::string_view(&kind, 1))) {
        pages += Pages(block.count) * (std::uint64_t{1} << static_cast<unsigned>(block.order));
      }
    }
  }
  return to_bytes(pages, evidence.page);
}

Found found_by(const Event& event, const report::Report& report) {
  Found found;
  const bool only_small = std::ranges::all_of(report.victims, [&](const report::Victim& victim) {
    const auto size = size_of(victim, event.evidence);
    return size && *size < small_process && !is_preferred(victim, report) &&
           !victim.allocating_task;
  });
  const auto score = memory::printed_score(event.evidence);
  const bool big = score && score->share >= big_share;
  found.small = !report.victims.empty() && only_small && !big;
  constexpr double minor_share = 0.10;
  found.minor = score && score->share < minor_share;
  constexpr Bytes smallest_of_many{std::uint64_t{1} << 20U};
  found.many = std::ranges::any_of(report.victims, [&](const report::Victim& victim) {
    return size_of(victim, event.evidence) >= smallest_of_many;
  });
  found.none_left = report.no_killable_at.has_value();
  constexpr int never = -1000;  // OOM_SCORE_ADJ_MIN
  found.unkillable = found.none_left && report.trigger && report.trigger->oom_score_adj == never &&
                     report.tasks.empty();
  found.tables = std::ranges::any_of(report.victims, [](const report::Victim& victim) {
    return victim.page_tables() > victim.resident() &&
           to_bytes(victim.page_tables()) >= small_process;
  });
  found.room_in_swap = has_room_in_swap(event.evidence);
  found.little_held =
      is_little(report, {Field::active_anon, Field::inactive_anon, Field::unevictable});
  found.all_cache = !are_counted(report) && is_full_of_cache(report, event.evidence);
  Bytes idle;
  for (const memory::HugepagePool& pool : event.evidence.hugepages) {
    idle += pool.size * pool.free;
  }
  found.idle_pools = share(idle, ram_at_most(event.evidence));
  constexpr double more_than_marks = 0.05;
  const Bytes ram = event.evidence.ram.value_or(Bytes(0));
  found.much_free = event.evidence.zones.empty() && ram.count() > 0 &&
                    share(free_by_lists(report, event.evidence, 0), ram) >= more_than_marks;
  return found;
}

// In what no process holds, or in many small ones.
void name_unheld(Event& event, const report::Report& report, const Found& found,
                 const Message& counters) {
  const auto add = [&event, &counters](std::string_view cause) { name(event, cause, counters); };
  add("kernel-unaccounted");
  if (!is_little(report, {Field::slab_unreclaimable})) {
    add("slab-leak");
  }
  if (!found.room_in_swap && !is_little(report, {Field::shmem})) {
    add("shmem-tmpfs");
  }
  if (found.none_left && report.hugepages.empty()) {  // as at a boot that reserves too many
    add("hugepages-reserved");
  }
  if (found.many && !found.none_left && !found.room_in_swap && !found.little_held &&
      report.tasks.empty()) {
    name(event, "many-processes", Message("the task table"));
  }
}

// What has more than processes by the counters, which may be lost.
std::string_view most_by_totals(const report::FieldSet& totals) {
  const auto pages = [&totals](Field field) {
    const auto& value = totals.get(field);
    return Pages(value ? value->value : 0);
  };
  const Pages anon = pages(Field::active_anon) + pages(Field::inactive_anon);
  return pages(Field::unevictable) > anon ? "unevictable"
         : pages(Field::shmem) > anon / 2 ? "shmem-tmpfs"
                                          : "memory-exhausted";
}

// Memory that was free, and that the request did not get.
void name_kept_back(Event& event, const report::Report& report) {
  const bool nothing = report.zones.empty();
  if (nothing) {
    name_lowmem(event, report);
  }
  if (keeps_little_back(event.evidence)) {
    return;
  }
  if (nothing) {
    name_by_marks(event, "min-free-too-high");
  } else {
    name(event, "min-free-too-high",
         event.evidence.zones.empty() ? rest_of_zones() : size_of_ram());
  }
}

// The machine has a node that the request may not use: by the constraint that the kernel calls so
// (mm/oom_kill.c constrained_alloc()), or before 5.0 by a line of such a node.
std::string_view bound_by(const Event& event, const report::Report& report) {
  const auto& constraint = event.evidence.constraint;
  const auto nodes = memory::allowed_nodes(report);
  const bool has_others = nodes && std::ranges::any_of(report.hugepages, [&](const auto& pool) {
                            return !nodes->contains(pool.node);
                          });
  if (constraint == report::ConstraintKind::mempolicy) {
    return "mempolicy-nodes";
  }
  const bool by_cpuset = !constraint && has_others && !report.cpuset.value_or("/").starts_with('/');
  return constraint == report::ConstraintKind::cpuset || by_cpuset ? "cpuset-nodes" : "";
}

// Bound to a part of the nodes: the others had memory, or there was none anywhere.
void name_bound(Event& event, const Context& context) {
  const report::Report& report = context.report;
  const std::string_view cause = bound_by(event, report);
  if (!event.candidates.empty() || cause.empty() || !is_global_oom(context) ||
      context.story.killed_at.line != 0 ||
      (!event.evidence.zones.empty() && !have_nothing_left(event.evidence))) {
    return;
  }
  const Message others("the zones of the other nodes (\"Node 0 Normal free: min:\")");
  name(event, cause, others);
  if (event.evidence.zones.empty()) {
    name(event, held_shmem(report) ? "shmem-tmpfs" : "memory-exhausted", others);
    name_kept_back(event, report);
  } else {
    name_by_zones(event, WhoseZones::request, others);
  }
}

// What processes could not give back without swap, in the page cache.
void name_cache(Event& event, const Message& counters) {
  name(event, "shmem-tmpfs", counters);
  name(event, "unevictable", counters);
}

// Who had the memory, where no zone tells that it was used up.
void name_holders(Event& event, const Context& context, const Found& found,
                  const Message& counters) {
  const report::Report& report = context.report;
  if (found.idle_pools >= big_share) {
    name_by_marks(event, "hugepages-reserved");
  }
  if (found.idle_pools > 1 - big_share) {
    return;  // nothing else can have a big share
  }
  if (found.much_free) {
    if (free_by_lists(report, event.evidence, 'C') > free_by_lists(report, event.evidence, 0) / 2) {
      name(event, "cma-only", rest_of_zones());
    }
    if (!report.trigger) {
      name(event, "fragmentation", Message("the first line (\"invoked oom-killer\")"));
    }
  } else if (found.all_cache) {
    name_cache(event, counters);
  } else if (found.tables) {
    name(event, "page-tables", counters);
  } else if (found.small || found.none_left || found.little_held || found.room_in_swap) {
    // What the big ones held does not come back at once, and they are no victim again.
    if (found.unkillable ||
        (context.story.victims_before > 0 && !found.little_held && !found.room_in_swap)) {
      name(event, "memory-exhausted", counters);
    }
    if (found.room_in_swap && !report.trigger && is_in_pieces(report)) {
      name(event, "fragmentation", Message("the first line (\"invoked oom-killer\")"));
    }
    name_unheld(event, report, found, counters);
  } else {
    name(event, held_shmem(report) ? "shmem-tmpfs" : most_by_totals(report.totals), counters);
    if (found.minor) {
      name_unheld(event, report, found, counters);
    }
  }
}

// Somebody was killed with much free: where no line tells what the request could use, it was bound
// to other nodes, or the path of page faults asked for a kill without need (mm/oom_kill.c
// pagefault_out_of_memory() to 5.15, 60e2793d440a). Zones that are printed are those of its nodes.
void name_out_of_reach(Event& event, const report::Report& report) {
  const auto& release = event.evidence.release;
  const auto stands_in = [&event](std::string_view part) {  // a sample of another moment
    return std::ranges::find(event.stood_in, part) != event.stood_in.end();
  };
  if (report.trigger || report.constraint || !free_in_spite(event.evidence) || stands_in("zones") ||
      stands_in("mem-info") || stands_in("totals")) {
    return;
  }
  const Message first("the first line (\"invoked oom-killer\")");
  if (event.evidence.zones.empty() && report.cpuset != "/") {
    name(event, "cpuset-nodes", first);
  }
  if (!(release && release->at_least(5, 16))) {
    name(event, "spurious-pagefault", first);
  }
}

// Of an OOM of the machine without a line of its zones, or with marks alone: memory was used up, or
// it was free and kept back, and nothing that is there tells. Who used it would be a process,
// unless the kernel, which takes the biggest, found only small ones or none: then it is in what no
// process holds, or in many of them.
void name_machine(Event& event, const Context& context) {
  const report::Report& report = context.report;
  const bool no_zones = event.evidence.zones.empty();
  if (!event.candidates.empty() || !is_global_oom(context) || !is_known_global(event.evidence) ||
      is_bound(event.evidence) || context.story.killed_at.line != 0) {
    return;
  }
  name_out_of_reach(event, report);
  const Found found = found_by(event, report);
  const Message counters = lost_line_of_use(event.evidence);
  if (!no_zones && !are_sizeless(event.evidence)) {
    name_by_parts(event, report);
    name_by_counters(event, report);
    if (event.candidates.empty() && found.all_cache) {
      name_cache(event, counters);
    }
    return;
  }
  if (is_of_page_fault(report)) {
    name_by_marks(event, "spurious-pagefault");
  }
  name_holders(event, context, found, counters);
  if (lacks_nodes_of_hugepages(report) && found.idle_pools < big_share) {
    name_hugepages(event);
  }
  name_fragmentation(event, report);
  name_kept_back(event, report);
}

// Mode 2 counts against a limit, and mode 0 refuses one request that is more than RAM and swap.
void name_overcommit(Event& event, const report::Report& report) {
  for (const char* cause : {"overcommit-limit", "overcommit-request"}) {
    if (report.kind == report::Kind::overcommit_refused) {
      name(event, cause, Message("vm.overcommit_memory of that machine (2 or 0)"));
    }
  }
}

void name_balloon(Event& event) {
  name(event, "balloon-or-hotplug",
       Message("how much the balloon holds (the host tells, or \"Balloon:\" in /proc/meminfo)"));
}

// What no counter shows may lie in pools of which the lines are lost.
void name_lost_pools(Event& event, const report::Report& report) {
  if (event.candidates.size() == 1 && event.candidates[0].cause == "kernel-unaccounted" &&
      report.hugepages.empty()) {
    name_hugepages(event);
  }
  if (event.candidates.size() == 1 && event.candidates[0].cause == "kernel-unaccounted" &&
      lacks_sizes(report)) {
    name_balloon(event);
  }
}

}  // namespace

void name_candidates(Event& event, const Context& context) {
  if (event.verdict != Verdict::undetermined) {
    return;
  }
  name_bound(event, context);
  name_machine(event, context);
  name_failure(event, context);
  name_overcommit(event, context.report);
  name_fillings(event, context);
  name_swap_limit(event, context);
  name_lost_pools(event, context.report);
  if (event.candidates.size() == 1 && event.candidates[0].cause == "high-order-failure") {
    name_lowmem(event, context.report);
  }
}

// Most of RAM is in no counter, and the zones' lines are cut, so that they are no proof: the kernel
// itself has the pages, and a balloon is what most often takes so many. Else what the zones have.
void name_uncounted(Event& event, const Context& context) {
  const auto& account = event.evidence.account;
  if (event.verdict != Verdict::undetermined || !event.candidates.empty() ||
      !is_global_oom(context)) {
    return;
  }
  const bool most = account && share(account->size(memory::AccountLine::What::unaccounted),
                                     account->total) >= most_of_ram;
  if (most && !event.evidence.zones_complete) {
    if (!account->hugepages_known) {
      name_hugepages(event);
    }
    name(event, "kernel-unaccounted",
         Message(R"(the rest of the zones' lines ("present:", "managed:"))"));
    name_balloon(event);
    return;
  }
  const bool whole = account && event.evidence.ram && event.evidence.zones_complete;
  if (!report::tells_of_oom(context.report)) {
    name_printout(event);
  } else if (!whole) {
    name_by_zones(event, WhoseZones::machine, size_of_ram());
  }
  name_lost_pools(event, context.report);
}

}  // namespace whyoom::diagnose
