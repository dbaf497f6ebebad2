#include <algorithm>
#include <bit>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/claim.h"
#include "kernel/swiotlb.h"

namespace whyoom::diagnose::causes {

namespace {

using report::LimitReached;

std::string device(const LimitReached& limit) {
  return limit.name.empty() ? tr("a device") : printable(limit.name);
}

Claim ruled_out(Message number) {
  return claim(Role::ruled_out, Rank::limit, 0, 0.95, std::move(number));
}

Claim full(const LimitReached& limit, const Message& state) {
  return claim(Role::root, Rank::limit, 1, 0.97,
               Message("No bounce buffer (swiotlb) of {} was to be had for {}: {}. The driver's "
                       "request fails; memory elsewhere does not help.",
                       human(Bytes(*limit.bytes)), device(limit), state.str()));
}

// What the kernel could not find is a run of free slots. That there was none is only likely where
// their number would have done, or was not printed: a driver's alignment can forbid the runs there
// are.
Claim in_pieces(const LimitReached& limit, const Message& state, std::uint64_t needed) {
  Claim result = full(limit, state);
  result.confidence = 0.75;
  weaken(result, Message("the alignment that the driver asks for"),
         Message("it forbids the pieces of {} slots that are free", grouped(needed)));
  return result;
}

// What its kernel does not print so: a digit may be lost. The kernel's own pools are made of whole
// segments, the two numbers stand together, and what is larger than a packet comes from disks and
// screens, in whole sectors.
bool is_odd(const LimitReached& limit) {
  constexpr std::uint64_t sector = 512;
  constexpr std::uint64_t largest_packet = 65536;
  return limit.limit.value_or(0) % kernel::swiotlb_segment_slots != 0 ||
         (limit.limit && (!limit.used || *limit.used > *limit.limit)) ||
         (*limit.bytes > largest_packet && *limit.bytes % sector != 0);
}

Claim judge_pool(const LimitReached& limit) {
  const auto needed = kernel::swiotlb_slots_for(*limit.bytes);
  if (needed.least > kernel::swiotlb_segment_slots) {
    return ruled_out(Message("{} are more than one mapping may have ({}), however big the pool is",
                             human(Bytes(*limit.bytes)),
                             human(Bytes(kernel::swiotlb_largest_mapping))));
  }
  if (!limit.limit || !limit.used || *limit.used > *limit.limit) {
    return in_pieces(limit, Message("the kernel found no free piece of that size"), needed.least);
  }
  const std::uint64_t total = *limit.limit;
  const std::uint64_t used = *limit.used;
  if (total == 0) {
    return full(limit, Message("this kernel has no pool of them"));
  }
  const auto of_total = [&] { return grouped(used) + " / " + grouped(total); };
  if (total - used < needed.least) {
    return full(limit, Message("{} slots of 2 KiB are used, and it takes {}", of_total(),
                               grouped(needed.least)));
  }
  if (used == 0 && total >= needed.most) {
    return ruled_out(Message("none of {} slots is used", grouped(total)));
  }
  if (kernel::swiotlb_has_room(total, used, std::min(needed.most, kernel::swiotlb_segment_slots))) {
    return ruled_out(Message("{} slots are used: however they lie, {} in one piece are free",
                             of_total(), grouped(needed.least)));
  }
  Claim result =
      needed.least == 1
          ? in_pieces(limit, Message("{} slots of 2 KiB are used", of_total()), needed.least)
          : in_pieces(limit,
                      Message("{} slots of 2 KiB are used, and no {} in one piece are free",
                              of_total(), grouped(needed.least)),
                      needed.least);
  if (used < total / 2) {  // so few can hardly lie in the way of all pieces
    leave_open(result, Message("the alignment that the driver asks for"));
  }
  return result;
}

void add_remedies(Claim& result, const LimitReached& limit) {
  if (limit.limit == 0) {
    result.remedy(
        Message("See why there is no pool: iommu=off, swiotlb=noforce, or a kernel that began with "
                "too little memory to need one; iommu=soft makes it set one up"),
        {ShellCommand("cat /proc/cmdline"),
         ShellCommand("sudo dmesg | grep -i 'software IO TLB'")});
    return;
  }
  constexpr std::uint64_t most = 524288;  // 1 GiB: it must lie in one piece below 4 GiB
  const std::uint64_t total = limit.limit.value_or(kernel::swiotlb_default_slots);
  if (total < most) {
    const std::uint64_t wanted = std::min(std::bit_ceil(total + 1), most);
    result.remedy(Message("Boot with a bigger pool: swiotlb={} on the kernel's command line, {}",
                          wanted, human(Bytes(wanted) * kernel::swiotlb_slot_bytes)),
                  {ShellCommand("sudo grep . /sys/kernel/debug/swiotlb/io_tlb_nslabs "
                                "/sys/kernel/debug/swiotlb/io_tlb_used")});
  }
  result.remedy(
      Message("If it fills up at any size, a driver does not give its buffers back: "
              "update it, or report it. Where an IOMMU translates for the device no "
              "buffer is needed"));
}

std::optional<Claim> judge(const Context& context) {
  const auto& limit = context.report.limit_reached;
  if (!limit || limit->what != LimitReached::What::swiotlb || limit->bytes.value_or(0) == 0) {
    return std::nullopt;
  }
  Claim result = judge_pool(*limit);
  result.prove(Message("asked for"), Bytes(*limit->bytes), limit->at);
  result.prove(Message("slots that it takes"), kernel::swiotlb_slots_for(*limit->bytes).least);
  if (limit->limit) {
    result.prove(Message("slots of the pool"), *limit->limit, limit->at);
  }
  if (limit->used) {
    result.prove(Message("of them used"), *limit->used, limit->at);
  }
  result.prove(Message("times that the log says so"), limit->count, limit->at);
  if (result.role == Role::root) {
    add_remedies(result, *limit);
    if (is_odd(*limit)) {
      leave_open(result,
                 Message("its numbers, of which one is unusual, in another line of the log"));
    }
  }
  return result;
}

}  // namespace

extern const Cause cause_swiotlb_full{"swiotlb-full", 'D',
                                      "the pool of bounce buffers (swiotlb) is full", judge};

}  // namespace whyoom::diagnose::causes
