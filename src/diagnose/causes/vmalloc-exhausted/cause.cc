#include <algorithm>
#include <string>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

// Who called vmalloc: the first function of the stack that is none of its own.
std::string caller(const report::Report& report) {
  if (!report.stack) {
    return {};
  }
  const auto& functions = report.stack->functions;
  const auto own = [](const std::string& name) {
    return name.find("vmalloc") != std::string::npos || name.starts_with("warn_alloc") ||
           name.starts_with("dump_stack");
  };
  const auto found = std::ranges::find_if_not(functions, own);
  return found == functions.end() ? std::string() : tr(", from {}", printable(*found));
}

// Its own pages were what memory was short of.
std::optional<Claim> took_it_all(const Context& context) {
  const auto& vmalloc = *context.report.vmalloc;
  const Bytes asked(vmalloc.bytes.value_or(0));
  const Bytes got(vmalloc.allocated.value_or(0));
  if (got < notable_size || got * 2 < asked || got > asked) {
    return std::nullopt;
  }
  Claim result = claim(Role::root, Rank::out_of_reach, 0.8, 0.85,
                       Message("One vmalloc was asked for {}{}, and had got {} when no page more "
                               "could be had. Nothing was killed.",
                               human(asked), caller(context.report), human(got)));
  result.prove(Message("size asked for"), asked, vmalloc.at);
  result.prove(Message("of it allocated"), got, vmalloc.at);
  result.remedy(Message("See who asks (the stack in the report), and make it ask for less"),
                {ShellCommand("grep -i vmalloc /proc/meminfo")});
  return result;
}

void add_wrong_size(Claim& result) {
  result.remedy(
      Message("See who asks (the stack in the report): its size is computed wrongly, or "
              "it has nothing to store"));
}

void add_remedy(Claim& result) {
  result.remedy(
      Message(
          "See who asks (the stack in the report); on 32-bit raise vmalloc= on the kernel command "
          "line: i386 has 128M by default, 32-bit ARM 240M, and what it gets lowmem loses"),
      {ShellCommand("grep -i vmalloc /proc/meminfo")});
}

// Refused before a page or an address is looked for (mm/vmalloc.c __vmalloc_node_range()).
Claim of_nothing(const Context& context) {
  const auto& vmalloc = *context.report.vmalloc;
  Claim result = claim(Role::root, Rank::out_of_reach, 0.8, 0.95,
                       Message("vmalloc was asked for 0 bytes{}, which it always refuses: memory "
                               "was not short. Nothing was killed.",
                               caller(context.report)));
  result.prove(Message("size asked for"), Bytes(0), vmalloc.at);
  add_wrong_size(result);
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const auto& evidence = context.evidence;
  const auto& vmalloc = context.report.vmalloc;
  if (!vmalloc) {
    return std::nullopt;
  }
  if (vmalloc->bytes == 0) {
    return of_nothing(context);
  }
  if (auto took = took_it_all(context)) {
    return took;
  }
  // x86-64 with four levels of tables has room for 64 TiB of RAM (MAX_PHYSMEM_BITS).
  constexpr std::uint64_t most_of_any_machine = std::uint64_t{1} << 46U;
  const bool absurd = vmalloc->bytes.value_or(0) > most_of_any_machine;
  const bool beyond =
      absurd || (vmalloc->bytes && evidence.ram && Bytes(*vmalloc->bytes) > *evidence.ram);
  const auto free_zone = std::ranges::find_if(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.eligible && zone.reserve_known &&
           zone.usable() > zone.high + zone.boost + zone.reserve;
  });
  const bool reserves_known = std::ranges::all_of(
      evidence.zones,
      [](const memory::ZoneState& zone) { return !zone.eligible || zone.reserve_known; });
  const bool free = reserves_known && free_zone != evidence.zones.end();
  // The kernel looked for a range of addresses, gave back what was unused, and looked again.
  const bool no_range = vmalloc->reason == report::no_vmalloc_range;
  if (!beyond && !free && !no_range) {
    return std::nullopt;
  }
  const std::string size = vmalloc->bytes ? human(Bytes(*vmalloc->bytes)) : tr("an unknown size");
  Claim result = claim(
      Role::root, Rank::out_of_reach, 0.8, 0.85,
      beyond ? Message("vmalloc was asked for {}, more than RAM has. Nothing was killed.", size)
      : no_range
          ? Message(
                "vmalloc found no free range of {} in its part of the address space: free RAM does "
                "not help. Nothing was killed.",
                size)
          : Message("vmalloc could not serve {} although pages were free: its address space is "
                    "used up or "
                    "the size is not valid. Nothing was killed.",
                    size));
  if (vmalloc->bytes) {
    result.prove(Message("size asked for"), Bytes(*vmalloc->bytes), vmalloc->at);
  }
  if (beyond && evidence.ram) {
    result.prove(Message("RAM that the kernel manages"), *evidence.ram,
                 place_of_ram(context.report));
  }
  if (free) {
    result.prove(Message("zone {}: free and usable by this request", free_zone->name),
                 to_bytes(free_zone->usable(), evidence.page), free_zone->at);
  }
  absurd ? add_wrong_size(result) : add_remedy(result);
  return result;
}

}  // namespace

extern const Cause cause_vmalloc_exhausted{"vmalloc-exhausted", 'D',
                                           "vmalloc could not serve a request; no OOM", judge};

}  // namespace whyoom::diagnose::causes
