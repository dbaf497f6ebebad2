#include "memory/cma_reserved.h"

#include <algorithm>

#include "memory/sum_of.h"

namespace whyoom::memory {

using kernel::Field;

void put_cma_back(report::Report& report, PageSize page) {
  auto& tail = report.tail;
  const auto present = sum_of(report.zones, Field::present);
  const auto managed = sum_of(report.zones, Field::managed);
  if (!tail.ram || !tail.reserved || !tail.cma_reserved || !present || !managed) {
    return;
  }
  const KiB rounding = to_kib(Pages(report.zones.size()), page);
  const auto is = [&](Pages pages, KiB size) {
    const KiB kib = to_kib(pages, page);
    return std::max(kib, size) - std::min(kib, size) <= rounding;
  };
  const Pages ram(tail.ram->value);
  const auto fits = [&](std::uint64_t reserved) {
    return Pages(reserved) <= ram && is(ram - Pages(reserved), managed->value);
  };
  const std::uint64_t printed = tail.reserved->value;
  if (!is(ram, present->value) || fits(printed)) {
    return;
  }
  // A number below zero goes over the end again, which is where the kernel lost it.
  constexpr std::uint64_t most_in_32_bits = 0xffffffff;
  const std::uint64_t with_cma = printed + tail.cma_reserved->value;
  const std::uint64_t in_32_bits =
      printed <= most_in_32_bits ? with_cma & most_in_32_bits : with_cma;
  for (const std::uint64_t reserved : {with_cma, in_32_bits}) {
    if (fits(reserved)) {
      tail.reserved->value = reserved;
    }
  }
}

}  // namespace whyoom::memory
