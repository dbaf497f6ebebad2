#include "diagnose/candidates_of_request.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "diagnose/candidates_of_cgroup.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "kernel/known_bugs.h"
#include "memory/sum_of.h"

namespace whyoom::diagnose {

namespace {

using kernel::Field;

// More than the largest of its caches has: kmalloc() asks the page allocator itself, for a block.
bool asks_for_a_block(const report::Report& report) {
  return report.stack && std::ranges::any_of(report.stack->functions, [](std::string_view name) {
           return name.starts_with("kmalloc_order") || name.ends_with("kmalloc_large_node");
         });
}

// Most of what was counted: memory was not used up.
bool was_free(const report::Report& report) {
  const auto& free = report.totals.get(Field::free);
  const Bytes all(memory::counted_pages(report).count());
  return free && share(Bytes(free->value), all) >= most_of_ram;
}

}  // namespace

// And the early kills of 4.7 for a few pages, where other kernels go on.
void name_fragmentation(Event& event, const report::Report& report) {
  const Message lists("the free lists (\"Node 0 Normal: 12*4kB\")");
  if (!report.trigger && asks_for_a_block(report)) {
    name(event, "fragmentation", lists);
  }
  if (!report.trigger || report.trigger->order.value_or(0) <= 0) {
    return;
  }
  name(event, "fragmentation", lists);
  if (report.kind != report::Kind::page_allocation_failure &&
      *report.trigger->order <= kernel::costly_order &&
      kernel::may_reclaim(event.evidence.request.flags) &&
      kernel::affected(kernel::known_bug(kernel::Bug::high_order_gave_up),
                       report::release_of(report)) == kernel::Affected::yes) {
    name(event, "kernel-bug", lists);
  }
}

// Open as long as no zone's min is there: the setting has no ordinary range.
void name_by_marks(Event& event, std::string_view cause) {
  name(event, cause, Message("the zones' min (\"Node 0 Normal free: min:\")"));
}

// Low memory is all that a kernel of 32 bits gives to a request without __GFP_HIGHMEM, and a zone
// below Normal all that a device's request gets anywhere.
void name_lowmem(Event& event, const report::Report& report) {
  const memory::Request& request = event.evidence.request;
  const auto& highmem = report.tail.highmem_movable;
  const bool below_normal = request.flags_known && request.highest < kernel::ZoneClass::normal;
  const bool low = !request.flags_known || request.highest <= kernel::ZoneClass::normal;
  const bool narrow = report.stack && report.stack->narrow;
  if (below_normal || (narrow && low && !(highmem && highmem->value == 0))) {
    name_by_marks(event, "lowmem-exhausted");
  }
}

namespace {

// A request that may wait found every zone below its mark, and most of RAM has one use. That nobody
// was killed for it is its caller's doing, or was too early.
void name_use(Event& event) {
  using What = memory::AccountLine::What;
  static constexpr std::array<std::pair<What, std::string_view>, 7> causes{
      {{What::free, "min-free-too-high"},
       {What::anon, "memory-exhausted"},
       {What::shmem, "shmem-tmpfs"},
       {What::slab_unreclaimable, "slab-leak"},
       {What::page_tables, "page-tables"},
       {What::hugepages, "hugepages-reserved"},
       {What::unaccounted, "kernel-unaccounted"}}};
  const memory::Evidence& evidence = event.evidence;
  if (!evidence.account || !evidence.zones_complete || !evidence.all_eligible_short() ||
      !std::ranges::all_of(evidence.zones, &memory::ZoneState::eligible)) {
    return;
  }
  for (const auto& [what, cause] : causes) {
    if (share(evidence.account->size(what), evidence.account->total) >= most_of_ram) {
      name(event, cause, Message(R"(an OOM kill of the same time ("invoked oom-killer"))"));
    }
  }
}

// A zone had pages to spare, and nobody knows in what pieces.
bool may_be_in_pieces(const memory::Evidence& evidence) {
  return std::ranges::any_of(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.eligible && !zone.is_short() && !zone.has_block;
  });
}

// So few pages are refused to nobody who may wait. To 5.8 a cgroup's share of a cache is, at its
// limit of kernel memory (mm/slab.h memcg_charge_slab()); its name has that of the cgroup.
void name_kernel_memory(Event& event, const report::Report& report) {
  const auto& release = event.evidence.release;
  if (report.slub->cache.empty() && !(release && release->at_least(5, 9))) {
    name(event, "cgroup-kernel-memory", Message("the line of the cache (\"cache:\")"));
  }
}

// A vmalloc that got no pages, or not all: who may wait for single pages gets them, unless what it
// is charged to is full or somebody has to die for it.
void name_vmalloc(Event& event) {
  const report::Report& report = *event.evidence.report;
  const auto& vmalloc = report.vmalloc;
  if (!vmalloc || !event.candidates.empty() || !event.evidence.zones.empty() ||
      !report::lacked_pages(*vmalloc)) {
    return;
  }
  const Message kill(R"(an OOM kill of the same time ("invoked oom-killer"))");
  name(event, "memory-exhausted", kill);
  if (event.evidence.request.flags.has(kernel::GfpFlag::account)) {
    name(event, "cgroup-limit", kill);
  }
  name_by_marks(event, "min-free-too-high");
}

}  // namespace

// Of a request that failed, without a line of the zones. One that may wait is refused where there
// was nothing to reclaim and nobody is killed for it: below Normal, or while the OOM killer is off.
void name_failure(Event& event, const Context& context) {
  const report::Report& report = context.report;
  const memory::Request& request = event.evidence.request;
  name_vmalloc(event);
  const int order = request.order.value_or(report.slub ? 0 : -1);
  if (!event.candidates.empty() || report.kind != report::Kind::page_allocation_failure ||
      report.vmalloc || (report.slub && !report.slub->cgroup.empty()) || !request.flags_known ||
      order < 0 || order > kernel::costly_order ||  // the size alone is the reason
      context.story.killed_at.line != 0) {
    return;
  }
  if (may_be_in_pieces(event.evidence)) {
    name_fragmentation(event, report);
  }
  const bool atomic = kernel::is_atomic(request.flags) || is_within_reclaim(report);
  if (!event.evidence.zones.empty()) {
    if (!atomic && event.candidates.empty()) {
      name_use(event);
    }
    return;
  }
  if (report.slub && !atomic) {
    name_kernel_memory(event, report);
    return;
  }
  if (!request.order) {
    return;
  }
  if (atomic) {
    name_by_marks(event, "atomic-allocation-failure");
  } else if (!was_free(report)) {
    name(event, "memory-exhausted", Message("the counters of Mem-Info (\"active_anon:\")"));
  }
  name_fragmentation(event, report);
  if (!atomic || request.highest < kernel::ZoneClass::normal) {
    name_lowmem(event, report);
  }
  if (!ignores_marks(report, request.flags)) {
    name_by_marks(event, "min-free-too-high");
  }
}

}  // namespace whyoom::diagnose
