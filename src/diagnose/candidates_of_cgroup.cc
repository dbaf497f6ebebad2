#include "diagnose/candidates_of_cgroup.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "diagnose/cgroup.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"

namespace whyoom::diagnose {

void name(Event& event, std::string_view cause, Message decides) {
  event.candidates.push_back({cause, std::move(decides)});
}

bool held_shmem(const report::Report& report) {
  return std::ranges::any_of(report.victims, [](const report::Victim& victim) {
    return KiB(victim.shmem_rss_kib.value_or(0)) > victim.anon();
  });
}

// What filled a cgroup is a cause of its own. Kernel memory is counted beside it, of all that is
// below as well. While it is open whose limit it was, a victim that held much was most of it, by
// itself or with its shared memory.
void name_fillings(Event& event, const Context& context) {
  if (event.candidates.empty() || (event.candidates[0].cause != "cgroup-limit" &&
                                   event.candidates[0].cause != "cgroup-parent-limit")) {
    return;
  }
  const auto use = cgroup_of(context);
  const bool open = use && use->level == CgroupUse::Level::unknown;
  if (!use || use->filling_known() || (!open && event.candidates.size() != 1)) {
    return;
  }
  const Message lines = which_filling(*use);
  const bool shmem = held_shmem(context.report);
  const bool much = open && (shmem || CgroupUse::size(use->biggest) >= notable_size);
  if (!much) {
    name(event, "cgroup-page-cache", lines);
  }
  if (!much || shmem) {
    name(event, "cgroup-shmem", lines);
  }
  if (!much && (!use->memory || !use->kernel || use->kernel->value * 2 >= use->memory->usage)) {
    name(event, "cgroup-kernel-memory", lines);
  }
}

// What cgroup v1 swapped out counts against a limit of its own, of memory and swap together.
void name_swap_limit(Event& event, const Context& context) {
  const auto use = event.candidates.empty() ? std::nullopt : cgroup_of(context);
  if (use && use->may_be_memsw()) {
    name(event, "cgroup-swap-limit", which_limit(*use));
  }
}

}  // namespace whyoom::diagnose
