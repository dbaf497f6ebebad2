#include "host/blocks.h"

#include <optional>
#include <string_view>

namespace whyoom::host {
namespace {

constexpr std::size_t most_orders = 64;
constexpr std::size_t most_rows = 16384;

// "Node 0, zone   Normal" at the start of `rest`; the cursor then stands behind it.
struct Zone {
  int node = 0;
  std::string_view name;
};
std::optional<Zone> take_zone(Cursor& cursor) {
  if (!cursor.take("Node")) {
    return std::nullopt;
  }
  cursor.skip_spaces();
  const auto node = cursor.take_unsigned();
  if (!node || *node > 65535 || !cursor.take(", zone")) {
    return std::nullopt;
  }
  cursor.skip_spaces();
  std::string_view name = cursor.take_word();
  if (name.ends_with(',')) {
    name.remove_suffix(1);
  }
  if (name.empty()) {
    return std::nullopt;
  }
  return Zone{static_cast<int>(*node), name};
}

// The numbers up to the end of the line; empty when there is anything else.
std::vector<std::uint64_t> take_counts(Cursor& cursor, std::uint64_t* at_least) {
  std::vector<std::uint64_t> counts;
  for (cursor.skip_spaces(); !cursor.at_end(); cursor.skip_spaces()) {
    const bool more = cursor.take('>');
    const auto count = cursor.take_unsigned();
    const bool ends = cursor.at_end() || is_space(cursor.peek());
    if (!count || !ends || counts.size() == most_orders || (more && at_least == nullptr)) {
      return {};
    }
    if (more) {
      *at_least |= std::uint64_t{1} << counts.size();
    }
    counts.push_back(*count);
  }
  return counts;
}

// "Page block order: 9"
std::optional<std::uint64_t> number_after(std::string_view line, std::string_view what) {
  if (!line.starts_with(what)) {
    return std::nullopt;
  }
  return parse_number<std::uint64_t>(trim(line.substr(what.size())));
}

bool page_types_head(PageTypes& result, const Lines& lines) {
  const std::string_view line = lines.line();
  if (const auto order = number_after(line, "Page block order:"); order && *order < most_orders) {
    result.block_order = Read<std::uint32_t>{static_cast<std::uint32_t>(*order), lines.place()};
    return true;
  }
  if (const auto pages = number_after(line, "Pages per block:")) {
    result.block_pages = Read<Pages>{Pages(*pages), lines.place()};
    return true;
  }
  if (line.starts_with("Number of blocks type")) {
    result.types.clear();
    std::string_view rest = line.substr(21);
    for (auto word = next_word(rest); !word.empty() && result.types.size() < most_orders;
         word = next_word(rest)) {
      result.types.emplace_back(word);
    }
    return true;
  }
  return line.starts_with("Free pages count") || trim(line).empty();
}

bool page_types_row(PageTypes& result, const Lines& lines) {
  Cursor cursor(lines.line());
  const auto zone = take_zone(cursor);
  if (!zone) {
    return false;
  }
  cursor.skip_spaces();
  if (cursor.take("type")) {
    cursor.skip_spaces();
    FreeBlocks row{zone->node,   std::string(zone->name), std::string(cursor.take_word()), {}, 0,
                   lines.place()};
    row.counts = take_counts(cursor, &row.at_least_orders);
    if (row.type.empty() || row.counts.empty() || result.free.size() == most_rows) {
      return false;
    }
    result.free.push_back(std::move(row));
    return true;
  }
  BlockTypes row{zone->node, std::string(zone->name), take_counts(cursor, nullptr), lines.place()};
  if (row.counts.size() != result.types.size() || result.blocks.size() == most_rows) {
    return false;
  }
  result.blocks.push_back(std::move(row));
  return true;
}

}  // namespace

std::vector<FreeBlocks> parse_buddyinfo(Lines lines) {
  std::vector<FreeBlocks> result;
  while (lines.next()) {
    Cursor cursor(lines.line());
    const auto zone = take_zone(cursor);
    auto counts = zone ? take_counts(cursor, nullptr) : std::vector<std::uint64_t>{};
    if (counts.empty() || result.size() == most_rows) {
      if (!trim(lines.line()).empty()) {
        lines.damaged("\"Node N, zone NAME\" and counts", lines.line());
      }
      continue;
    }
    result.push_back(
        {zone->node, std::string(zone->name), "", std::move(counts), 0, lines.place()});
  }
  return result;
}

PageTypes parse_pagetypeinfo(Lines lines) {
  PageTypes result;
  while (lines.next()) {
    if (lines.line().starts_with("Number of mixed blocks")) {
      break;  // CONFIG_PAGE_OWNER: the same zones again, with another meaning
    }
    if (!page_types_head(result, lines) && !page_types_row(result, lines)) {
      lines.damaged("a row of free blocks", lines.line());
    }
  }
  return result;
}

}  // namespace whyoom::host
