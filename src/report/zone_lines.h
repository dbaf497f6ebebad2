// The lines of one zone: its fields, lowmem_reserve[], and the free lists of the buddy allocator.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "report/field_lines.h"
#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind mem_info, zone_line, lowmem_reserve, buddy_lists;
extern const LineKind lowmem_piece, buddy_piece;  // of a line that another CPU's text broke

// "Node 0 DMA32 " in front of a zone's line. Kernels without CONFIG_NUMA print no node.
struct ZonePrefix {
  std::optional<int> node;
  std::string_view name;
  std::string_view rest;  // "free:520kB boost:..." or ": 1*4kB (U) ..."
};

// nullopt when the line is no zone line: the name is followed by " free:<n>kB".
std::optional<ZonePrefix> parse_zone_prefix(std::string_view text);
// "Node 0 DMA32", all that a mail left of the line.
bool is_zone_alone(std::string_view text);
// The name is followed by ": <n>*<size>kB", or by ": " and nothing (a broken record).
std::optional<ZonePrefix> parse_buddy_prefix(std::string_view text);

// "lowmem_reserve[]: 0 448 448": pages, one for each zone class. False: not such a line.
bool parse_lowmem_reserve(std::string_view text, std::vector<std::uint64_t>& out);
// Numbers alone: the rest of a broken lowmem_reserve[] line.
bool parse_numbers(std::string_view text, std::vector<std::uint64_t>& out);

// "1*4kB (U) 0*8kB ... = 1876kB". Orders come from the sizes, relative to the smallest block.
struct BuddyRun {
  unsigned blocks = 0;
  bool total = false;
  bool malformed = false;
};
BuddyRun read_buddy(std::string_view text, Place at, Zone& zone);
// A piece of a broken buddy line: "0*512kB ", "(UM) ", "= 15908kB".
bool looks_like_buddy_piece(std::string_view text);

}  // namespace whyoom::report
