#include <algorithm>
#include <string>
#include <utility>

#include "base/language.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/machine.h"

namespace whyoom::diagnose::causes {

namespace {

// Most of RAM, in what no kill and no reclaim gives back: then a higher mark is no remedy.
struct Held {
  std::string what;
  Read<Bytes> size;
  ShellCommand look;
};

std::optional<Held> held_by_kernel(const memory::Evidence& evidence) {
  using What = memory::AccountLine::What;
  if (!evidence.account || !evidence.ram) {
    return std::nullopt;
  }
  for (const auto& [what, text] :
       {std::pair(What::slab_unreclaimable, "unreclaimable slab"),
        std::pair(What::unaccounted, "what no counter shows"),
        std::pair(What::hugepages, "huge pages"), std::pair(What::page_tables, "page tables")}) {
    const Bytes size = evidence.account->size(what);
    if (share(size, *evidence.ram) >= most_of_ram) {
      return Held{tr(text),
                  {size, evidence.account->at(what)},
                  what == What::slab_unreclaimable ? ShellCommand("sudo slabtop -o -s c | head -15")
                                                   : ShellCommand("cat /proc/meminfo")};
    }
  }
  return std::nullopt;
}

// What found nothing, and where: before `Nothing was killed`.
Message refusal(const memory::ZoneState& zone, bool atomic, bool takes_all,
                const memory::Evidence& evidence) {
  const std::string free = kb(to_bytes(zone.usable(), evidence.page));
  const std::string mark = kb(to_bytes(zone.floor, evidence.page));
  if (takes_all && zone.usable() > zone.slack) {
    return Message(
        "A request from within reclaim, which may not reclaim again but may take the last page, "
        "found none. Until the report was printed some came free: zone {} had {}, of {} that are "
        "kept for such requests.",
        zone.name, free, mark);
  }
  if (takes_all) {
    return Message(
        "A request from within reclaim, which may not reclaim again but may take the last page, "
        "found none: zone {} had {} free, of {} that are kept for such requests.",
        zone.name, free, mark);
  }
  if (!atomic) {
    return Message(
        "A request from within reclaim, which may not reclaim again, found no zone above its mark: "
        "zone {} had {} free, and {} must stay.",
        zone.name, free, mark);
  }
  if (zone.passes()) {
    return Message(
        "A request that may not wait (atomic) found no zone above its mark. Until the report was "
        "printed it was over: zone {} had {} free, and {} must stay.",
        zone.name, free, mark);
  }
  return Message(
      "A request that may not wait (atomic) found no zone above its mark: zone {} had {} free, and "
      "{} must stay.",
      zone.name, free, mark);
}

Message sentence(const std::string& refused, const memory::Evidence& evidence,
                 const std::optional<Held>& held) {
  if (held) {
    return Message(
        "{} Nothing was killed. {} of {} of RAM are {}: a higher vm.min_free_kbytes does not give "
        "them back.",
        refused, human(held->size.value), human(*evidence.ram), held->what);
  }
  return Message(
      "{} Nothing was killed. If this comes often, vm.min_free_kbytes is too low for the load, not "
      "too high.",
      refused);
}

// The marks are set late in the boot (mm/page_alloc.c init_per_zone_wmark_min()); zones that have
// none, and no page, were not given their memory yet.
bool is_starting(const memory::Evidence& evidence) {
  return std::ranges::all_of(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.free.count() == 0 && zone.high.count() == 0;
  });
}

Claim too_early(const memory::ZoneState& zone, const memory::Evidence& evidence) {
  Claim result = claim(Role::root, Rank::out_of_reach, 0.6, 0.9,
                       Message("The kernel was still starting: zone {} had no page yet, and no "
                               "marks. Who asked for memory did so too early. Nothing was killed.",
                               zone.name));
  result.prove(Message("zone {}: free and usable by this request", zone.name),
               to_bytes(zone.usable(), evidence.page), zone.at);
  result.remedy(Message("See who asks (the stack in the report): a fault of the kernel"));
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const int order = evidence.request.order.value_or(-1);
  if (context.report.kind != report::Kind::page_allocation_failure || order < 0 ||
      order > kernel::costly_order || !evidence.request.flags_known || !evidence.has_eligible()) {
    return std::nullopt;
  }
  const kernel::GfpFlags flags = evidence.request.flags;
  const bool atomic = kernel::is_atomic(flags);
  if (!atomic && !is_within_reclaim(context.report)) {
    return std::nullopt;
  }
  const bool is_short = std::ranges::all_of(evidence.zones, [](const memory::ZoneState& zone) {
    return !zone.eligible || zone.is_short();
  });
  const auto zone = std::ranges::max_element(evidence.zones, {}, [](const memory::ZoneState& each) {
    return each.eligible ? each.usable().count() : 0;
  });
  if (is_short && is_starting(evidence)) {
    return too_early(*zone, evidence);
  }
  if (!is_short && !atomic) {
    return std::nullopt;
  }
  const bool takes_all = ignores_marks(context.report, flags);
  const auto held = held_by_kernel(evidence);
  Claim result =
      claim(is_short ? Role::root : Role::ruled_out, Rank::out_of_reach, 0.6, 0.9,
            is_short ? sentence(refusal(*zone, atomic, takes_all, evidence).str(), evidence, held)
                     : Message("zone {} was above the mark of an atomic request", zone->name));
  result.prove(Message("zone {}: free and usable by this request", zone->name),
               to_bytes(zone->usable(), evidence.page), zone->at);
  result.prove(Message("zone {}: must stay above this", zone->name),
               to_bytes(zone->floor, evidence.page), zone->at);
  if (is_short && !evidence.zones_complete) {
    leave_open(result, Message("the zones that are not there"));
  }
  if (is_short && held) {
    result.prove(Message("{} of RAM", held->what), held->size.value, held->size.at);
    result.remedy(Message("See what the kernel holds"), {held->look});
  } else if (is_short) {
    result.remedy(
        Message("When it comes often: raise vm.min_free_kbytes in small steps (up to 1 % of RAM)"),
        {ShellCommand("sysctl vm.min_free_kbytes")});
  }
  return result;
}

}  // namespace

extern const Cause cause_atomic_allocation_failure{
    "atomic-allocation-failure", 'D', "an atomic request found no free page; no OOM", judge};

}  // namespace whyoom::diagnose::causes
