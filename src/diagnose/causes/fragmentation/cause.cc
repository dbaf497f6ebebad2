#include <algorithm>
#include <string>
#include <utility>

#include "diagnose/blocks.h"
#include "diagnose/claim.h"
#include "kernel/known_bugs.h"
#include "memory/zones.h"

namespace whyoom::diagnose::causes {

namespace {

// Before 2.6.35, by the release or, to 2.6.27, by lists that hold both kinds of pages; el6 has it.
bool cannot_compact(const Context& context) {
  const auto& release = context.evidence.release;
  return release ? release->enterprise == 0 && *release < kernel::Release{2, 6, 35, 0}
                 : context.report.totals.get(kernel::Field::active).has_value();
}

void add_remedy(Claim& claim, const Context& context) {
  if (cannot_compact(context)) {
    claim.remedy(Message("Keep more memory free, or make who asks take less at once: this kernel "
                         "cannot compact memory"),
                 {ShellCommand("cat /proc/buddyinfo")});
    return;
  }
  claim.remedy(
      Message("Compact memory now; let the kernel keep larger blocks free. More RAM is no cure"),
      {ShellCommand("echo 1 | sudo tee /proc/sys/vm/compact_memory"),
       ShellCommand("cat /proc/buddyinfo")});
}

// Every zone was at its mark when the report was printed, and none of those near it had a block of
// that size, while reclaim could have freed much: pages alone would have come free.
std::optional<Claim> likely(const Context& context) {
  constexpr double much = 0.25;
  const auto& evidence = context.evidence;
  const auto& account = evidence.account;
  if (!account || !is_global_oom(context)) {
    return std::nullopt;
  }
  const Bytes reclaimable = account->size(memory::AccountLine::What::file) +
                            account->size(memory::AccountLine::What::slab_reclaimable);
  const memory::ZoneState* nearest = nullptr;
  for (const auto& zone : evidence.zones) {
    const Pages lack = zone.floor - zone.usable();
    if (!zone.eligible || lack > memory::drift_allowance(zone.size(), evidence.page)) {
      continue;
    }
    if (zone.has_block.value_or(true)) {
      return std::nullopt;
    }
    if (nearest == nullptr || lack < nearest->floor - nearest->usable()) {
      nearest = &zone;
    }
  }
  if (nearest == nullptr || !evidence.zones_complete || share(reclaimable, account->total) < much) {
    return std::nullopt;
  }
  const int order = *evidence.request.order;
  const std::string lack = kb(to_bytes(nearest->floor - nearest->usable(), evidence.page));
  Claim result = claim(
      Role::root, Rank::out_of_reach, share(reclaimable, account->total), 0.75,
      Message(
          "Memory was most likely in pieces: the request needs {} together (order {}), no zone "
          "near its mark had a usable block of that size, and {} of page cache and slab could "
          "have been reclaimed. Zone {} was {} below its mark.",
          human(to_bytes(Pages(std::uint64_t{1} << static_cast<unsigned>(order)), evidence.page)),
          order, human(reclaimable), nearest->name, lack));
  prove_zone(result, evidence, *nearest);
  result.prove(Message("page cache and reclaimable slab"), reclaimable,
               account->at(memory::AccountLine::What::slab_reclaimable));
  weaken(result, Message("free pages of zone {} when the kernel looked", nearest->name),
         Message("they were further below the mark than the {} of the report", lack));
  // What a kernel with that bug shows is in the free lists too.
  const std::string_view release = report::release_of(context.report);
  const bool cut = std::ranges::any_of(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.eligible && !zone.printed->buddy_total_kib;
  });
  if (cut && kernel::affected(kernel::known_bug(kernel::Bug::high_order_gave_up), release) ==
                 kernel::Affected::yes) {
    leave_open(result, Message("the free lists (\"Node 0 Normal: 12*4kB\")"));
  }
  add_remedy(result, context);
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const int order = evidence.request.order.value_or(0);
  const bool failure = context.report.kind == report::Kind::page_allocation_failure;
  if ((!is_global_oom(context) && !failure) || order < 1 || order > kernel::costly_order ||
      !evidence.has_eligible()) {
    return std::nullopt;
  }
  const auto split = fragmented_zone(evidence);
  if (!split) {
    return likely(context);
  }
  const auto& zone = *split->zone;
  const bool none = split->fragmented();
  const std::string size =
      human(to_bytes(Pages(std::uint64_t{1} << static_cast<unsigned>(order)), evidence.page));
  Message sentence("zone {} had {} usable blocks of order {} or more", zone.name,
                   grouped(split->blocks), order);
  const std::string free = kb(to_bytes(zone.usable(), evidence.page));
  const std::string floor = kb(to_bytes(zone.floor, evidence.page));
  if (split->blocks == 0) {
    sentence = Message(
        "Memory was free, but not in one piece: the request needs {} together (order {}), zone {} "
        "had {} free, above the {} that must stay, and no usable block of that size.",
        size, order, zone.name, free, floor);
  } else if (split->too_little_in_large_blocks) {
    sentence = Message(
        "Too little was free in large blocks: the request needs {} together (order {}), zone {} "
        "had {} free, {} of it in blocks of {} or more, where this kernel wants more than {}.",
        size, order, zone.name, kb(to_bytes(zone.free, evidence.page)),
        kb(to_bytes(split->left, evidence.page)), kb(to_bytes(split->from, evidence.page)),
        kb(to_bytes(split->asked, evidence.page)));
  } else if (split->only_freed_since) {
    sentence = Message(
        "Memory was free, but not in one piece: the request needs {} together (order {}), zone {} "
        "had {} free, above the {} that must stay, and only {} of that size: "
        "so few can have come free after the kernel had looked.",
        size, order, zone.name, free, floor,
        split->blocks == 1 ? "1 block" : grouped(split->blocks) + " blocks");
  }
  Claim result = claim(none ? Role::root : Role::ruled_out, Rank::out_of_reach,
                       share(zone.free, zone.managed.value_or(zone.free)),
                       split->only_freed_since && !split->too_little_in_large_blocks ? 0.8 : 0.95,
                       std::move(sentence));
  add_fragmentation_proof(result, evidence, *split);
  if (none) {
    add_remedy(result, context);
  }
  return result;
}

}  // namespace

extern const Cause cause_fragmentation{"fragmentation", 'A', "enough is free, but not in one piece",
                                       judge};

}  // namespace whyoom::diagnose::causes
