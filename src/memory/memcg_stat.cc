#include "memory/memcg_stat.h"

#include <algorithm>

namespace whyoom::memory {

Maybe<Bytes> memcg_stat(const report::Memcg& memcg, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = std::ranges::find(memcg.stats, name, &report::MemcgStat::name);
    if (found == memcg.stats.end()) {
      continue;
    }
    Read<Bytes> result{Bytes(found->value), found->at};
    if (!memcg.hierarchical) {
      for (const report::MemcgStat& child : memcg.children) {
        result.value += child.name == name ? Bytes(child.value) : Bytes(0);
      }
    }
    return result;
  }
  return std::nullopt;
}

}  // namespace whyoom::memory
