#include <algorithm>
#include <array>
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
    return name.find("vmalloc") != std::string::npos || name.ends_with("vzalloc") ||
           name.starts_with("warn_alloc") || name.starts_with("dump_stack");
  };
  const auto found = std::ranges::find_if_not(functions, own);
  return found == functions.end() ? std::string() : tr(", from {}", printable(*found));
}

// Its own pages were what memory was short of. From 5.13 on the kernel does not say how many more
// it wanted.
std::optional<Claim> took_it_all(const Context& context) {
  const auto& vmalloc = *context.report.vmalloc;
  const auto& ram = context.evidence.ram;
  const Bytes got(vmalloc.allocated.value_or(0));
  const bool much = vmalloc.bytes ? got * 2 >= Bytes(*vmalloc.bytes) && got <= Bytes(*vmalloc.bytes)
                                  : ram && share(got, *ram) >= big_share && got <= *ram;
  if (got < notable_size || !much) {
    return std::nullopt;
  }
  Claim result = claim(
      Role::root, Rank::out_of_reach, 0.8, 0.85,
      vmalloc.bytes
          ? Message("One vmalloc was asked for {}{}, and had got {} when no page more could be "
                    "had. Nothing was killed.",
                    human(Bytes(*vmalloc.bytes)), caller(context.report), human(got))
          : Message("One vmalloc had got {} of {} of RAM when no page more could be had{}. Nothing "
                    "was killed.",
                    human(got), human(*ram), caller(context.report)));
  if (vmalloc.bytes) {
    result.prove(Message("size asked for"), Bytes(*vmalloc.bytes), vmalloc.at);
  }
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

// It has an area of its own (arch/arm/kernel/module.c module_alloc(), kernel/bpf/core.c).
bool is_for_code(const report::Report& report) {
  static constexpr std::array<std::string_view, 4> allocators{"module_alloc", "module_memory_alloc",
                                                              "execmem_alloc", "bpf_jit_"};
  return report.stack && std::ranges::any_of(report.stack->functions, [](std::string_view name) {
           return std::ranges::any_of(allocators, [name](std::string_view allocator) {
             return name.starts_with(allocator);
           });
         });
}

void add_remedy(Claim& result, const report::Report& report) {
  if (is_for_code(report)) {
    result.remedy(
        Message("Load fewer or smaller modules, or net.core.bpf_jit_enable=0. vmalloc= helps i386 "
                "alone: the area of modules has its own size elsewhere, 14 or 16 MiB on 32-bit ARM "
                "without CONFIG_ARM_MODULE_PLTS"),
        {ShellCommand("lsmod | sort -k2 -n | tail")});
    return;
  }
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

// It goes on with single pages when blocks are too few (mm/vmalloc.c __vmalloc_node_range(), 5.13
// on), and warned of that too until 6.4.
Claim of_blocks(const Context& context) {
  const auto& vmalloc = *context.report.vmalloc;
  const Bytes block =
      to_bytes(Pages(std::uint64_t{1} << static_cast<unsigned>(*vmalloc.block_order)),
               context.evidence.page);
  Claim result = claim(Role::root, Rank::out_of_reach, 0.8, 0.9,
                       Message("Blocks of {} in one piece were too few for a vmalloc{}. It asks "
                               "again for single pages: this line is no failure yet. Nothing was "
                               "killed.",
                               human(block), caller(context.report)));
  result.prove(Message("one block"), block, vmalloc.at);
  result.prove(Message("of it allocated"), Bytes(vmalloc.allocated.value_or(0)), vmalloc.at);
  return result;
}

// No room in its part of the address space, or a size that there is not.
std::optional<Claim> of_space(const Context& context) {
  const auto& evidence = context.evidence;
  const auto& vmalloc = context.report.vmalloc;
  // x86-64 with four levels of tables has room for 64 TiB of RAM (MAX_PHYSMEM_BITS).
  constexpr std::uint64_t most_of_any_machine = std::uint64_t{1} << 46U;
  const bool absurd = vmalloc->bytes.value_or(0) > most_of_any_machine;
  const bool beyond = absurd || vmalloc->reason.starts_with("exceeds") ||
                      (vmalloc->bytes && evidence.ram && Bytes(*vmalloc->bytes) > *evidence.ram);
  const auto free_zone = std::ranges::find_if(evidence.zones, [](const memory::ZoneState& zone) {
    return zone.eligible && zone.reserve_known &&
           zone.usable() > zone.high + zone.boost + zone.reserve;
  });
  const bool reserves_known = std::ranges::all_of(
      evidence.zones,
      [](const memory::ZoneState& zone) { return !zone.eligible || zone.reserve_known; });
  const bool free = reserves_known && free_zone != evidence.zones.end();
  // The kernel looked for a range of addresses, gave back what was unused, and looked again. Or it
  // had no memory for what describes the range: a request of so few bytes that may wait gets it.
  const bool no_area = vmalloc->reason.starts_with("vm_struct") && evidence.request.flags_known &&
                       !kernel::is_atomic(evidence.request.flags) &&
                       kernel::may_reclaim(evidence.request.flags);
  const bool no_range = vmalloc->reason == report::no_vmalloc_range || (no_area && !free);
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
  if (no_area && !free && !beyond) {
    weaken(result, Message("a line \"vmap allocation for size\" beside it"),
           Message("there is none, and no memory was left for a few bytes"));
  }
  absurd ? add_wrong_size(result) : add_remedy(result, context.report);
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const auto& vmalloc = context.report.vmalloc;
  if (!vmalloc) {
    return std::nullopt;
  }
  if (vmalloc->bytes == 0) {
    return of_nothing(context);
  }
  if (vmalloc->block_order > 0) {
    return of_blocks(context);
  }
  if (auto took = took_it_all(context)) {
    return took;
  }
  return report::lacked_pages(*vmalloc) ? std::nullopt : of_space(context);
}

}  // namespace

extern const Cause cause_vmalloc_exhausted{"vmalloc-exhausted", 'D',
                                           "vmalloc could not serve a request; no OOM", judge};

}  // namespace whyoom::diagnose::causes
