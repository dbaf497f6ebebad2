#include "memory/memcg_stat.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace whyoom::memory {

namespace {

// To 5.3 each cgroup has a line of its own, without those below it. The victim's is one below, so
// its line is lost, and what the limit counts is not what the first line says.
bool lacks_those_below(const report::Memcg& memcg) {
  const std::string& top = memcg.limit_path;
  return !memcg.hierarchical && memcg.children.empty() && !top.empty() && memcg.task_path != top &&
         is_at_or_below(memcg.task_path, top);
}

}  // namespace

Maybe<Bytes> memcg_stat(const report::Memcg& memcg, std::initializer_list<std::string_view> names) {
  if (lacks_those_below(memcg)) {
    return std::nullopt;
  }
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

// From 5.12 on `swapcached` is printed (mm/swap_state.c add_to_swap_cache()). Where it is mapped
// `anon` has it too; the rest is in no other counter, and the lists of anonymous memory have both.
Maybe<Bytes> memcg_anon(const report::Memcg& memcg) {
  auto anon = memcg_stat(memcg, {"anon", "total_rss", "rss"});
  const auto cached = memcg_stat(memcg, {"total_swapcached", "swapcached"});
  const auto shmem = memcg_stat(memcg, {"total_shmem", "shmem"});
  const auto active = memcg_stat(memcg, {"total_active_anon", "active_anon"});
  const auto inactive = memcg_stat(memcg, {"total_inactive_anon", "inactive_anon"});
  if (!anon || !shmem || !active || !inactive) {
    return anon;
  }
  const Bytes beyond = active->value + inactive->value - anon->value - shmem->value;
  const auto file = memcg_stat(memcg, {"file", "total_cache", "cache"});
  const auto kernel = memcg_stat(memcg, {"kernel", "slab"});
  const KiB usage(memcg.memory.usage_kib ? memcg.memory.usage_kib->value : 0);
  // What a process that is ending maps no more stays on the lists, and paid for, for a while.
  if (file && kernel && to_bytes(usage) >= anon->value + beyond + file->value + kernel->value) {
    anon->value += beyond;
  } else if (cached) {
    anon->value += std::min(cached->value, beyond);
  }
  return anon;
}

}  // namespace whyoom::memory
