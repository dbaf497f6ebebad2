#include "memory/next_victims.h"

#include <algorithm>

#include "memory/badness.h"

namespace whyoom::memory {

namespace {

constexpr int never_killed = -1000;  // oom_score_adj

bool may_be_killed(const host::Process& process) {
  return process.pid > 1 && !process.kernel_thread && process.state != 'Z' &&
         process.oom_score_adj.value_or(0) > never_killed && (process.rss || process.oom_score);
}

Bytes memory_of(const host::Process& process) {
  return to_bytes(process.rss.value_or(KiB(0)) + process.swap.value_or(KiB(0)) +
                  process.page_tables.value_or(KiB(0)));
}

}  // namespace

std::vector<NextVictim> next_victims(const host::Host& host, std::size_t most) {
  const PageSize page = host.page_size.value_or(PageSize{});
  const host::Meminfo& info = host.meminfo;
  const KiB all = (info.mem_total ? info.mem_total->value : KiB(0)) +
                  (info.swap_total ? info.swap_total->value : KiB(0));
  const auto release = host.release ? kernel::parse_release(host.release->value) : std::nullopt;
  BadnessRules rules = badness_rules_of(release);
  rules.at_least_one = false;  // else all that are below 1 would be alike
  std::vector<NextVictim> victims;
  for (const host::Process& process : host.processes.all) {
    if (!may_be_killed(process)) {
      continue;
    }
    NextVictim victim{&process, memory_of(process), 0};
    victim.score = badness(rules, to_pages(victim.memory, page), process.uid == 0U,
                           process.oom_score_adj.value_or(0), to_pages(all, page));
    if (!rules.permille) {
      constexpr std::int64_t most_pages = std::int64_t{1} << 46;
      victim.score = std::clamp(victim.score, -most_pages, most_pages) * page.bytes;
    }
    victims.push_back(victim);
  }
  const bool by_kernel = std::ranges::all_of(
      victims, [](const NextVictim& victim) { return victim.process->oom_score.has_value(); });
  const std::size_t kept = std::min(most, victims.size());
  std::ranges::partial_sort(victims, victims.begin() + static_cast<std::ptrdiff_t>(kept),
                            [by_kernel](const NextVictim& a, const NextVictim& b) {
                              if (by_kernel && a.process->oom_score != b.process->oom_score) {
                                return a.process->oom_score > b.process->oom_score;
                              }
                              return a.score != b.score ? a.score > b.score
                                                        : a.process->pid > b.process->pid;
                            });
  victims.resize(kept);
  return victims;
}

}  // namespace whyoom::memory
