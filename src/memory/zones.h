// The zones of a report as the request saw them (mm/page_alloc.c, __zone_watermark_ok()).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "memory/allowed_nodes.h"
#include "memory/evidence.h"

namespace whyoom::memory {

// 4 PiB of pages of 4 kB: more is no memory but a number below 0 that wrapped.
constexpr Pages most_pages(std::uint64_t{1} << 40U);

std::optional<kernel::ZoneClass> zone_class(std::string_view name);
std::string_view zone_name(kernel::ZoneClass zone);  // empty: there is no such one

// What kswapd and other tasks free in all until the report is printed: 0.25 % of this RAM, or 8 MiB
// where that is no more than 2.5 %. The kernel prints its stack before its zones, which takes tens
// of milliseconds; in the lab's guests of 512 MiB up to 6.6 MB came free meanwhile.
Pages drift_allowance(Pages managed, PageSize page);

// Needs evidence.page, .request, .rules and .ram. `cut`: those of whose min nobody knows how much
// is a boost, because their lines end behind it.
std::vector<ZoneState> zone_states(const report::Report& report, const Evidence& evidence,
                                   std::vector<ZoneState>& cut);

// Whether the printed zones are all that the request could use: false when the machine has more RAM
// than they manage and nothing (a node mask, a low zone class) explains the rest.
bool zones_complete(const Evidence& evidence);
// What the printed zones hold is RAM: none is missing that the request could not use, either.
bool zones_are_ram(const Evidence& evidence);

// RAM as the zones manage it, where the lines behind them are lost and nothing is free elsewhere.
std::optional<Bytes> ram_of_zones(const Evidence& evidence);

// The OOM was the machine's. Since 3.9 (mm/oom_kill.c dump_header(), commit 58cf188ed649) that of a
// cgroup prints no zones, and of nodes that a mask leaves out none are printed.
bool is_whole_machine(const Evidence& evidence);

}  // namespace whyoom::memory
