#include "diagnose/bug_shapes.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "diagnose/blocks.h"
#include "diagnose/cgroup.h"
#include "diagnose/claim.h"
#include "memory/watermarks.h"

namespace whyoom::diagnose {

namespace {

using kernel::Field;
using memory::ZoneState;
using What = memory::AccountLine::What;

constexpr double much_cache = 0.10;    // of RAM, or of a zone, in file pages
constexpr double much_reserve = 0.05;  // of a zone
constexpr double mostly_dirty = 0.50;  // of a cgroup's memory

Pages printed(const memory::Evidence& evidence, const ZoneState& zone, Field field) {
  const auto& value = zone.printed->fields.get(field);
  return value ? to_pages(KiB(value->value), evidence.page) : Pages(0);
}

void prove_zone(Finding& finding, Message what, Pages pages, const memory::Evidence& evidence,
                const ZoneState& zone) {
  finding.prove(std::move(what), to_bytes(pages, evidence.page), zone.at);
}

// Enough is free and none of it in a block of the size, and there was cache to make one from. The
// kernels before and after go on with reclaim and compaction.
std::optional<BugShape> high_order_gave_up(const Context& context) {
  const auto& evidence = context.evidence;
  const int order = evidence.request.order.value_or(0);
  const auto split = fragmented_zone(evidence);
  if (order < 1 || order > kernel::costly_order || !split || split->blocks > 0 ||
      (evidence.request.flags_known && !kernel::may_reclaim(evidence.request.flags))) {
    return std::nullopt;
  }
  BugShape shape;
  shape.bug = kernel::Bug::high_order_gave_up;
  shape.incomplete = !evidence.request.flags_known || !evidence.zones_complete || !evidence.account;
  const Bytes cache = evidence.account ? evidence.account->size(What::file) : Bytes(0);
  if (!shape.incomplete && share(cache, evidence.account->total) < much_cache) {
    return std::nullopt;
  }
  // 4.6 prints the names of the flags, 4.8 a line of counters for each node.
  shape.right_age = context.report.nodes.empty() && !context.report.constraint &&
                    context.report.trigger->gfp && !context.report.trigger->gfp->names.empty();
  shape.summary = Message(
      "It kills for a request of order {} as soon as one attempt to join free pages fails, "
      "although enough is free and {} of page cache could be moved or dropped.",
      order, human(cache));
  add_fragmentation_proof(shape, evidence, *split);
  if (evidence.account) {
    shape.prove(Message("page cache left"), cache, evidence.account->at(What::file));
  }
  return shape;
}

// A request for low memory on a 32-bit kernel: the zone is full of page cache that was not dropped,
// because the size of the lists was taken over all zones.
std::optional<BugShape> lowmem_list_not_aged(const Context& context) {
  const auto& evidence = context.evidence;
  const bool has_highmem = std::ranges::any_of(evidence.zones, [](const ZoneState& zone) {
    return zone.zone == kernel::ZoneClass::highmem;
  });
  if (!has_highmem || !evidence.request.flags_known ||
      evidence.request.highest > kernel::ZoneClass::normal || !evidence.all_eligible_short()) {
    return std::nullopt;
  }
  for (const ZoneState& zone : evidence.zones) {
    const Pages file =
        printed(evidence, zone, Field::active_file) + printed(evidence, zone, Field::inactive_file);
    const Pages waiting = printed(evidence, zone, Field::writepending);
    if (!zone.eligible || zone.zone != kernel::ZoneClass::normal || !zone.managed ||
        share(file, *zone.managed) < much_cache || waiting > file / 2) {
      continue;
    }
    BugShape shape;
    shape.bug = kernel::Bug::lowmem_list_not_aged;
    // 5.0 prints the constraint, and so did no kernel with the bug.
    shape.right_age = !context.report.constraint;
    shape.summary = Message(
        "With memory cgroups on, it does not reclaim the page cache of low memory: zone {} was "
        "short, and {} of it were page cache that could be dropped.",
        zone.name, human(to_bytes(file, evidence.page)));
    prove_zone(shape, Message("zone {}: page cache", zone.name), file, evidence, zone);
    prove_zone(shape, Message("zone {}: dirty or under writeback", zone.name), waiting, evidence,
               zone);
    prove_zone(shape, evidence, zone);
    return shape;
  }
  return std::nullopt;
}

// The fix: no boost in a zone of less than four pageblocks.
std::optional<BugShape> boost_of_small_zone(const Context& context) {
  const auto& evidence = context.evidence;
  if (!evidence.page_size_known || !evidence.all_eligible_short() || evidence.request.order != 0) {
    return std::nullopt;
  }
  const Pages small = memory::pageblock_pages(evidence.page) * 4;
  for (const ZoneState& zone : evidence.zones) {
    if (!zone.eligible || !zone.managed || *zone.managed >= small || zone.boost == Pages(0) ||
        zone.usable() <= zone.high + zone.reserve) {
      continue;
    }
    BugShape shape;
    shape.bug = kernel::Bug::boost_of_small_zone;
    shape.right_age = zone.boost_inferred;  // 5.19 prints it
    shape.incomplete = !evidence.request.order;
    shape.summary = Message(
        "It raises the marks of a zone by a whole pageblock, however small the zone is: zone {} "
        "has {}, had {} free, and the boost of {} kept that out of reach.",
        zone.name, human(to_bytes(*zone.managed, evidence.page)),
        human(to_bytes(zone.usable(), evidence.page)), human(to_bytes(zone.boost, evidence.page)));
    prove_zone(shape, Message("zone {}: managed", zone.name), *zone.managed, evidence, zone);
    prove_zone(shape, Message("zone {}: boost", zone.name), zone.boost, evidence, zone);
    prove_zone(shape, Message("zone {}: free and usable by this request", zone.name), zone.usable(),
               evidence, zone);
    prove_zone(shape, Message("zone {}: must stay above this, without the boost", zone.name),
               zone.min + zone.reserve, evidence, zone);
    return shape;
  }
  return std::nullopt;
}

// Blocks with a type H are free blocks of the reserve for atomic requests. nullopt: the line has no
// types.
std::optional<bool> has_free_highatomic(const report::Zone& zone) {
  bool typed = false;
  for (const report::BuddyBlock& block : zone.buddy) {
    typed = typed || !block.types.empty();
    if (block.count > 0 && block.types.find('H') != std::string::npos) {
      return true;
    }
  }
  return typed ? std::optional(false) : std::nullopt;
}

// The last attempt before a kill wants the high mark. The zone was above it, but for the reserve.
std::optional<BugShape> highatomic(const Context& context) {
  const auto& evidence = context.evidence;
  if (!evidence.all_eligible_short()) {
    return std::nullopt;
  }
  for (const ZoneState& zone : evidence.zones) {
    const Pages reserve = printed(evidence, zone, Field::reserved_highatomic);
    const Pages held = std::min(reserve, zone.free);
    const auto free_blocks = has_free_highatomic(*zone.printed);
    if (!zone.eligible || held == Pages(0) ||
        zone.usable() + held <= zone.high + zone.boost + zone.reserve) {
      continue;
    }
    BugShape shape;
    shape.incomplete = !free_blocks;
    const bool was_free = free_blocks.value_or(true);
    shape.bug = was_free ? kernel::Bug::highatomic_kept : kernel::Bug::highatomic_overestimated;
    const std::string free = human(to_bytes(zone.free, evidence.page));
    const std::string kept = human(to_bytes(reserve, evidence.page));
    shape.summary =
        was_free
            ? Message(
                  "It kills before it gives back the blocks that it keeps for atomic requests: "
                  "zone {} had {} free, {} of it in that reserve.",
                  zone.name, free, kept)
            : Message(
                  "It takes the whole reserve for atomic requests for free memory: zone {} had "
                  "{} free, of which {} were held back, and no free block belonged to the "
                  "reserve.",
                  zone.name, free, kept);
    // A small reserve only brings the end of a full machine forward.
    shape.strength = share(held, zone.managed.value_or(zone.free));
    shape.settles = shape.strength >= much_reserve;
    prove_zone(shape, Message("zone {}: free", zone.name), zone.free, evidence, zone);
    prove_zone(shape, Message("zone {}: reserved_highatomic", zone.name), reserve, evidence, zone);
    prove_zone(shape, evidence, zone);
    prove_zone(shape, Message("zone {}: high mark", zone.name), zone.high + zone.boost, evidence,
               zone);
    return shape;
  }
  return std::nullopt;
}

const report::MemcgStat* stat_of(const report::Memcg& memcg,
                                 std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = std::ranges::find(memcg.stats, name, &report::MemcgStat::name);
    if (found != memcg.stats.end() && found->bytes) {
      return &*found;
    }
  }
  return nullptr;
}

// The cgroup is full of dirty pages and next to none is being written. No report tells whether the
// multi-generational LRU was on.
std::optional<BugShape> mglru_flushers_asleep(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || !use->at_limit()) {
    return std::nullopt;
  }
  const report::Memcg& memcg = *context.report.memcg;
  const auto* dirty = stat_of(memcg, {"file_dirty", "total_dirty", "dirty"});
  const auto* writeback = stat_of(memcg, {"file_writeback", "total_writeback", "writeback"});
  if (dirty == nullptr || writeback == nullptr ||
      share(Bytes(dirty->value), use->memory->usage) < mostly_dirty ||
      writeback->value > dirty->value / 16) {
    return std::nullopt;
  }
  BugShape shape;
  shape.bug = kernel::Bug::mglru_flushers_asleep;
  shape.settles = false;
  shape.summary = Message(
      "With the multi-generational LRU on, it does not have the dirty pages of a cgroup written "
      "back: {} of {} were dirty and {} under writeback.",
      human(Bytes(dirty->value)), human(use->memory->usage), human(Bytes(writeback->value)));
  shape.prove(Message("dirty pages of the cgroup"), Bytes(dirty->value), dirty->at);
  shape.prove(Message("of the cgroup, under writeback"), Bytes(writeback->value), writeback->at);
  shape.prove(Message("memory: usage"), use->memory->usage, use->memory->at);
  return shape;
}

}  // namespace

std::vector<BugShape> bug_shapes(const Context& context) {
  std::vector<BugShape> shapes;
  const auto add = [&shapes](std::optional<BugShape>&& shape) {
    if (shape) {
      shapes.push_back(std::move(*shape));
    }
  };
  if (is_sysrq(context.report)) {
    return shapes;
  }
  if (is_memcg_oom(context)) {
    add(mglru_flushers_asleep(context));
  } else if (is_global_oom(context)) {
    add(high_order_gave_up(context));
    add(lowmem_list_not_aged(context));
    add(boost_of_small_zone(context));
    add(highatomic(context));
  }
  return shapes;
}

}  // namespace whyoom::diagnose
