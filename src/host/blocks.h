// Free blocks by order (/proc/buddyinfo) and by migrate type (/proc/pagetypeinfo). Source:
// mm/vmstat.c frag_show_print(), pagetypeinfo_showfree_print(), 2.6.24 to 6.19.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

struct FreeBlocks {
  int node = 0;
  std::string zone;
  std::string type;                   // "Movable"; empty in buddyinfo
  std::vector<std::uint64_t> counts;  // by order
  // Orders whose count is only a lower bound: pagetypeinfo stops counting at 100000 since 5.5.
  std::uint64_t at_least_orders = 0;  // a bit for each order
  Place at{};
};

// "Number of blocks type", and mixed blocks with CONFIG_PAGE_OWNER are not read.
struct BlockTypes {
  int node = 0;
  std::string zone;
  std::vector<std::uint64_t> counts;  // as PageTypes::types
  Place at{};
};

struct PageTypes {
  Maybe<std::uint32_t> block_order;
  Maybe<Pages> block_pages;
  std::vector<FreeBlocks> free;
  std::vector<std::string> types;  // the head of the table of blocks
  std::vector<BlockTypes> blocks;
};

std::vector<FreeBlocks> parse_buddyinfo(Lines lines);
PageTypes parse_pagetypeinfo(Lines lines);

}  // namespace whyoom::host
