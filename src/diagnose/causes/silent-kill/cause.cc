#include <algorithm>

#include "base/text.h"
#include "diagnose/cgroup_commands.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::size_t most_groups = 3;

// Kills for the limit of this cgroup itself or of its own tasks: memory.events counts those of the
// children too (since 5.2).
struct Killed {
  const host::CgroupTree* tree = nullptr;
  const host::Cgroup* group = nullptr;
  std::uint64_t own = 0;
};

std::uint64_t kills(const host::Cgroup& group) {
  return group.oom_kill ? group.oom_kill->value : 0;
}

std::vector<Killed> killed_groups(const host::Host& host) {
  std::vector<Killed> all;
  for (const host::CgroupTree& tree : host.cgroups) {
    std::vector<std::uint64_t> of_children(tree.groups.size(), 0);
    for (const host::Cgroup& group : tree.groups) {
      if (group.parent && *group.parent < of_children.size()) {
        of_children[*group.parent] += kills(group);
      }
    }
    for (std::size_t i = 0; i < tree.groups.size(); ++i) {
      const std::uint64_t count = kills(tree.groups[i]);
      if (count > of_children[i]) {
        all.push_back({&tree, &tree.groups[i], count - of_children[i]});
      }
    }
  }
  std::ranges::stable_sort(all, std::greater{}, &Killed::own);
  return all;
}

std::string whose(const Killed& killed) { return with_owner(killed.tree->path_of(*killed.group)); }

std::vector<Claim> check(const HostContext& context) {
  const auto& counter = context.facts.host.vmstat.oom_kill;
  const std::vector<Killed> groups = killed_groups(context.facts.host);
  const std::uint64_t total = counter ? counter->value : 0;
  if (total == 0 && groups.empty()) {
    if (!counter) {
      return {};
    }
    Claim none = claim(Role::ruled_out, Rank::used_up, 0, 0.95,
                       Message("the kernel has killed nothing for memory since the start"));
    none.prove(Message("oom_kill of /proc/vmstat"), total, counter->at);
    return {std::move(none)};
  }
  const std::string killed =
      plural(std::max(total, groups.empty() ? 0 : groups.front().own), "process", "processes");
  // The top is the container itself, seen from inside.
  const bool named = !groups.empty() && groups.front().tree->path_of(*groups.front().group) != "/";
  Claim result = claim(
      Role::consequence, Rank::used_up, 0.5, 0.99,
      named ? Message("The kernel has killed {} for lack of memory since the start, {} of {}. When "
                      "the log does not show it, it was lost or cut off.",
                      killed, groups.front().own, whose(groups.front()))
            : Message("The kernel has killed {} for lack of memory since the start. When the log "
                      "does not show it, it was lost or cut off.",
                      killed));
  if (counter) {
    result.prove(Message("oom_kill of /proc/vmstat"), total, counter->at);
  }
  for (std::size_t i = 0; i < groups.size() && i < most_groups; ++i) {
    result.prove(Message("killed in the cgroup {}", whose(groups[i])), groups[i].own,
                 groups[i].group->oom_kill->at);
  }
  result.remedy(Message("Look for their reports in the logs"),
                {ShellCommand("journalctl -k -g 'Killed process|oom-kill' --no-pager")});
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_silent_kill{"silent-kill", 'E', "the kernel's counters show kills",
                                     nullptr, check};

}  // namespace whyoom::diagnose::causes
