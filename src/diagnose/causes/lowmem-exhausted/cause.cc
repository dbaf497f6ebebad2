#include <algorithm>

#include "diagnose/blocks.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "kernel/known_bugs.h"

namespace whyoom::diagnose::causes {

namespace {

Remedy use_64_bits() {
  return {Message("Use a 64-bit kernel: more RAM does not enlarge low memory"),
          {ShellCommand("uname -m")}};
}

// Free in zones that the request may not use, as a share of RAM.
constexpr double worth_having = 0.10;

// Page cache that could have been dropped stayed in the low zone: of some kernels that is a bug.
bool may_be_a_bug(const Context& context, const memory::ZoneState& low) {
  constexpr double much_cache = 0.10;
  Bytes file;
  for (const auto field : {kernel::Field::active_file, kernel::Field::inactive_file}) {
    const auto& value = low.printed->fields.get(field);
    file += to_bytes(KiB(value ? value->value : 0));
  }
  const kernel::Affected affected = kernel::affected(
      kernel::known_bug(kernel::Bug::lowmem_list_not_aged), report::release_of(context.report));
  // 5.0 prints the constraint, and so did no kernel with the bug.
  return share(file, to_bytes(low.size(), context.evidence.page)) >= much_cache &&
         affected != kernel::Affected::no && !context.report.constraint;
}

// Without the first line nobody knows where the request could go. That HighMem had blocks of any
// size to give, far above its marks, and the low zones did not, says that it could not go there.
std::optional<Claim> likely(const Context& context) {
  const auto& evidence = context.evidence;
  if (!is_global_oom(context) || evidence.request.flags_known || !evidence.ram ||
      is_bound(evidence)) {
    return std::nullopt;
  }
  const memory::ZoneState* highmem = nullptr;
  const memory::ZoneState* low = nullptr;
  for (const auto& zone : evidence.zones) {
    if (zone.zone == kernel::ZoneClass::highmem) {
      highmem = &zone;
    } else if (zone.zone > kernel::ZoneClass::normal || !zone.is_short()) {
      return std::nullopt;
    } else if (low == nullptr || zone.size() > low->size()) {
      low = &zone;
    }
  }
  const auto has_large = [](const report::BuddyBlock& block) {
    return block.order > kernel::costly_order && block.count > 0;
  };
  if (highmem == nullptr || low == nullptr ||
      share(to_bytes(highmem->free, evidence.page), *evidence.ram) < worth_having ||
      highmem->usable() <= highmem->high * 2 ||
      std::ranges::none_of(highmem->printed->buddy, has_large)) {
    return std::nullopt;
  }
  Claim result = claim(
      Role::root, Rank::out_of_reach, share(to_bytes(highmem->free, evidence.page), *evidence.ram),
      0.75,
      Message("Low memory was most likely what the request needed: zone {} had {} free and {} must "
              "stay, while {} were free in HighMem, in large blocks, and did not serve it.",
              low->name, kb(to_bytes(low->usable(), evidence.page)),
              kb(to_bytes(low->floor, evidence.page)),
              human(to_bytes(highmem->free, evidence.page))));
  prove_zone(result, evidence, *low);
  prove_zone(result, evidence, *highmem);
  weaken(result, Message("the first line (\"invoked oom-killer\")"),
         Message("its gfp_mask allowed HighMem, or its nodemask did not"));
  if (may_be_a_bug(context, *low)) {
    leave_open(result, Message("the kernel's release (the line \"CPU: ... Comm:\")"));
  }
  result.remedy(Message("Use a 64-bit kernel: more RAM does not enlarge low memory"),
                {ShellCommand("uname -m")});
  return result;
}

bool has_highmem(const Context& context) {
  const auto& evidence = context.evidence;
  const auto& highmem = context.report.tail.highmem_movable;
  return std::ranges::any_of(
             evidence.zones,
             [](const auto& zone) { return zone.zone == kernel::ZoneClass::highmem; }) ||
         (highmem && highmem->value > 0 && context.report.zones.size() < 3 &&
          !evidence.zones.empty() && evidence.zones.back().zone == kernel::ZoneClass::normal &&
          std::ranges::none_of(evidence.zones, [](const auto& zone) {
            return zone.zone == kernel::ZoneClass::dma32;
          }));
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  if (auto found = likely(context)) {
    return found;
  }
  const auto elsewhere = free_elsewhere(evidence);
  // Since 3.10 a request below Normal does not call the OOM killer, it fails.
  const bool failed = context.report.kind == report::Kind::page_allocation_failure &&
                      evidence.request.highest < kernel::ZoneClass::normal;
  if ((!is_global_oom(context) && !failed) || is_sysrq(context.report) || is_bound(evidence) ||
      !elsewhere || !evidence.ram || !evidence.request.flags_known) {
    return std::nullopt;
  }
  const bool none = failed && has_no_memory(evidence);
  if (evidence.request.order.value_or(0) > kernel::costly_order && !none) {
    return std::nullopt;
  }
  const bool low_class = evidence.request.highest < kernel::ZoneClass::normal;
  if (!low_class &&
      !(has_highmem(context) && evidence.request.highest == kernel::ZoneClass::normal)) {
    return std::nullopt;
  }
  const double part = share(*elsewhere, *evidence.ram);
  if (part >= worth_having && !evidence.zones_complete) {  // it may be free in one that is lost
    return std::nullopt;
  }
  const bool found = part >= worth_having && evidence.all_eligible_at_high();
  const auto zone =
      std::ranges::find_if(evidence.zones, [](const auto& each) { return each.eligible; });
  if (zone == evidence.zones.end()) {
    return std::nullopt;
  }
  const auto last = std::ranges::max_element(evidence.zones, {}, [](const memory::ZoneState& each) {
    return each.eligible ? each.managed.value_or(Pages(0)).count() : 0;
  });
  Claim result = claim(
      found ? Role::root : Role::ruled_out, Rank::out_of_reach, none ? 0.7 : part * 0.5, 0.9,
      found && none
          ? Message("The zones that this request may use have no memory at all: {} were free in "
                    "zones above, which a request of this kind cannot use.",
                    human(*elsewhere))
      : found
          ? Message("The zones that this request may use were full, the others were not: zone {} "
                    "had {} free "
                    "and {} must stay, while {} were free in zones above, which a request of "
                    "this kind cannot use.",
                    last->name, kb(to_bytes(last->usable(), evidence.page)),
                    kb(to_bytes(last->floor, evidence.page)), human(*elsewhere))
          : Message("{} were free in zones that the request may not use", human(*elsewhere)));
  prove_zone(result, evidence, *last);
  result.prove(Message("free in zones that it may not use"), *elsewhere,
               context.report.totals.get(kernel::Field::free)->at);
  if (found) {
    result.remedies.push_back(use_64_bits());
    if (low_class) {
      result.remedies.back().title =
          Message("The device's driver asks for low memory: see its options or update it");
    }
  }
  return result;
}

// Slab is in low memory alone, and this part of it stays there.
std::vector<Claim> check(const HostContext& context) {
  const host::Meminfo& info = context.facts.host.meminfo;
  if (!info.low_total || !info.high_total || info.high_total->value == KiB(0) ||
      !info.slab_unreclaimable) {
    return {};
  }
  const Bytes low = to_bytes(info.low_total->value);
  const Bytes kept = to_bytes(info.slab_unreclaimable->value);
  const double part = share(kept, low);
  const bool full = part >= most_of_ram;
  Claim result = claim(
      full ? Role::risk : Role::ruled_out, Rank::out_of_reach, full ? part : 0, 0.9,
      full ? Message("{} of low memory ({}) are slab memory that the kernel cannot take back. Its "
                     "own requests can go nowhere else: when the rest is used they fail or kill, "
                     "whatever is free in high memory.",
                     human(kept), percent(part))
           : Message("unreclaimable slab is {} of {} of low memory", human(kept), human(low)));
  result.prove(Message("unreclaimable slab"), info.slab_unreclaimable);
  result.prove(Message("low memory"), info.low_total);
  result.prove(Message("free in low memory"), info.low_free);
  result.prove(Message("free in high memory"), info.high_free);
  if (full) {
    result.remedies.push_back(use_64_bits());
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_lowmem_exhausted{"lowmem-exhausted", 'A', "only the low zones are full",
                                          judge, check};

}  // namespace whyoom::diagnose::causes
