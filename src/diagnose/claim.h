// How a cause makes a claim, and what several causes ask of the evidence. No cause-specific
// thresholds here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/human.h"
#include "diagnose/cause.h"

namespace whyoom::diagnose {

// A claim with its finding filled in; confidence is what the arithmetic alone supports, the engine
// lowers it for what the report lacks.
Claim claim(Role role, Rank rank, double strength, double confidence, Message summary);

// Makes it likely, unless `what` was as the condition says.
void weaken(Claim& claim, Message what, Message condition);
// Makes it a candidate that the line `decides` on.
void leave_open(Claim& claim, Message decides);

// A remedy that is one setting: `whyoom fix` carries it out.
Remedy set_remedy(Message title, ShellLiteral key, std::int64_t value);

// What the request could have of a zone, and the mark that it must leave.
void prove_zone(Finding& finding, const memory::Evidence& evidence, const memory::ZoneState& zone);

// A request to the page allocator brought the OOM (global, cpuset, mempolicy): not a cgroup's
// limit, and nobody asked for it by SysRq.
bool is_global_oom(const Context& context);
bool is_memcg_oom(const Context& context);
bool is_oom(const Context& context);
bool is_sysrq(const report::Report& report);
// A line says, or the zones show, that the machine was short and no cgroup.
bool is_known_global(const memory::Evidence& evidence);
// The path of page faults asked for the OOM killer: it has no request of its own, and of a cgroup
// it asks elsewhere (mm/oom_kill.c pagefault_out_of_memory()).
bool is_of_page_fault(const report::Report& report);
// kswapd called the OOM killer: by its trace, or, where that is lost, by its name. Nothing: it was
// another, or a process of that name.
std::optional<Verdict> called_by_kswapd(const memory::Evidence& evidence);
// Whoever reclaims has PF_MEMALLOC, and what it asks for may not reclaim again, whatever its flags
// say (mm/page_alloc.c __alloc_pages_slowpath()). The failure's trace begins behind all that.
bool is_within_reclaim(const report::Report& report);
// And takes the last page: no zone's marks are for it (mm/page_alloc.c __gfp_pfmemalloc_flags()).
bool ignores_marks(const report::Report& report, kernel::GfpFlags flags);
// What it held: by its own line, or by its row of the task table.
std::optional<Bytes> size_of(const report::Victim& victim, const memory::Evidence& evidence);
// A cgroup, a cpuset or a memory policy is known to have bound the request.
bool is_bound(const memory::Evidence& evidence);
// There is swap, and not 1 % of it is free.
bool is_swap_full(const memory::Evidence& evidence);

// "free:" of Mem-Info.
std::optional<Bytes> counted_free(const memory::Evidence& evidence);
// Its size, or where that is not known what was counted of it.
Bytes ram_at_least(const memory::Evidence& evidence);
// Free memory that the request may not use: counted by the machine, not by its zones.
std::optional<Bytes> free_elsewhere(const memory::Evidence& evidence);
// Much was free although the OOM killer was called: a zone that was printed lay above its high
// mark, or, where none was, most of what was counted is free.
std::optional<Bytes> free_in_spite(const memory::Evidence& evidence);
// What balloon drivers hold, summed over the nodes. Printed from 6.18 on; 0 when not printed.
Read<Bytes> balloon(const memory::Evidence& evidence);
// The line of "pages RAM"; none where the zones tell it.
Place place_of_ram(const report::Report& report);
// The first node's lines of huge pages are not there, and others may be missing with them.
bool lacks_nodes_of_hugepages(const report::Report& report);
// The reserve that another zone keeps for it tells a size by the usual ratio alone.
bool has_size(const report::Zone& zone);
// The zones' lines end before "present:" and "managed:", between which lies what a balloon took.
bool lacks_sizes(const report::Report& report);
// RAM that the eligible zones manage.
Bytes eligible_managed(const memory::Evidence& evidence);
// Unreclaimable slab as a share of the zones that the request may use, where it can lie nowhere
// else: it is never in ZONE_MOVABLE or HighMem. 0 when not known.
double filled_by_slab(const Context& context);

// "node 3" or "nodes 0-1", which the task may use; "" when the report does not name them.
std::string nodes_text(const report::Report& report);

// The request failed because memory was used: every zone that it may use was printed and lay at or
// below its marks, and no big part of RAM was free elsewhere. Then the account says who had it.
const memory::Account* used_up(const Context& context);

// "hog (pid 153)", fit for a terminal.
std::string process(std::string_view comm, std::int64_t pid);

}  // namespace whyoom::diagnose
