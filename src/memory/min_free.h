// vm.min_free_kbytes recovered from a report, which prints what the kernel made of it.
#pragma once

#include <vector>

#include "memory/evidence.h"

namespace whyoom::memory {

// The setting, the kernel's own choice and the lowmem that was not printed. Needs evidence.zones,
// ram, page and rules. Nothing when no lowmem zone tells its size.
void recover_min_free(Evidence& evidence);

// A pager cuts the rows of the zones before "managed:". But each zone of lowmem has the share of
// min_free_kbytes that it has of lowmem (mm/page_alloc.c setup_per_zone_wmarks()), so the size of
// one tells that of the others; where none has one, RAM does.
// `all_printed`: the zones are all that there are.
void size_by_min(std::vector<ZoneState>& states, const Evidence& evidence, bool all_printed);
// Where other zones have their "managed:", that of this one was lost, and present is some per cent
// too much: its share of min_free_kbytes tells more, if that makes sense.
void size_lost_ones(std::vector<ZoneState>& states, const Evidence& evidence);

}  // namespace whyoom::memory
