#include "host/slabinfo.h"

#include <optional>
#include <string_view>

#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_caches = 65536;

// name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit>
// <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
std::optional<SlabCache> row(std::string_view line, Place at) {
  SlabCache cache;
  cache.name = next_word(line);
  std::uint64_t head[5] = {};
  for (std::uint64_t& number : head) {
    const auto read = parse_number<std::uint64_t>(next_word(line));
    if (!read) {
      return std::nullopt;
    }
    number = *read;
  }
  const std::size_t data = line.find(": slabdata ");
  if (cache.name.empty() || data == std::string_view::npos) {
    return std::nullopt;
  }
  line.remove_prefix(data + 11);
  const auto active_slabs = parse_number<std::uint64_t>(next_word(line));
  const auto slabs = parse_number<std::uint64_t>(next_word(line));
  if (!active_slabs || !slabs) {
    return std::nullopt;
  }
  cache.pages = Pages(head[4]) * *slabs;
  cache.at = at;
  return cache;
}

}  // namespace

std::vector<SlabCache> parse_slabinfo(Lines lines) {
  std::vector<SlabCache> result;
  while (lines.next()) {
    const std::string_view line = lines.line();
    if (line.starts_with("slabinfo - version") || line.starts_with("#") || trim(line).empty()) {
      continue;
    }
    auto cache = row(line, lines.place());
    if (cache && result.size() < most_caches) {
      result.push_back(std::move(*cache));
    } else {
      lines.damaged(tr("a row of slabinfo 2.x"), line);
    }
  }
  return result;
}

}  // namespace whyoom::host
