// /proc/slabinfo (only root may read it). Source: mm/slab_common.c slab_show(), mm/slab.c.
#pragma once

#include <string>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

struct SlabCache {
  std::string name;
  Pages pages;  // of all slabs
  Place at{};
};

// As listed.
std::vector<SlabCache> parse_slabinfo(Lines lines);

}  // namespace whyoom::host
