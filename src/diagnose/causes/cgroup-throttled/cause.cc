#include <algorithm>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/cgroup_commands.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr double full_share = 0.95;  // of memory.high: reclaim keeps it a little below
constexpr double stalled = 10;       // per cent of the last minute in which every task waited
constexpr std::size_t most_findings = 3;

struct Group {
  const host::CgroupTree* tree = nullptr;
  const host::Cgroup* group = nullptr;
  Bytes used, high;
  [[nodiscard]] double filled() const { return share(used, high); }
  // The kernel has slowed it down, and it shows.
  [[nodiscard]] bool is_throttled() const {
    return filled() >= full_share && group->high_events && group->high_events->value > 0 &&
           group->stalled && group->stalled->value >= stalled;
  }
};

std::vector<Group> limited_groups(const host::Host& host) {
  std::vector<Group> groups;
  for (const host::CgroupTree& tree : host.cgroups) {
    for (const host::Cgroup& group : tree.groups) {
      if (group.current && group.high && group.high->value) {
        groups.push_back({&tree, &group, group.current->value, *group.high->value});
      }
    }
  }
  std::ranges::stable_sort(groups, std::greater{}, &Group::filled);
  return groups;
}

Claim claim_of(const Group& limited) {
  const host::Cgroup& group = *limited.group;
  const std::string_view path = limited.tree->path_of(group);
  const bool hit = limited.is_throttled();
  const std::string filled = human(limited.used) + tr(" of {}", human(limited.high));
  Claim result = claim(
      hit ? Role::root : Role::ruled_out, Rank::limit, hit ? limited.filled() : 0, 0.9,
      hit ? Message("The cgroup {} is at its memory.high ({}): the kernel kills nothing and slows "
                    "its tasks down. In the last minute all of them waited for memory for {} of "
                    "the time.",
                    printable(path), filled, percent(group.stalled->value / 100))
          : Message("no cgroup is slowed down at its memory.high; the fullest, {}, has {}",
                    printable(path), filled));
  result.prove(Message("memory of {}", printable(path)), group.current);
  result.prove(Message("its memory.high"), limited.high, group.high->at);
  result.prove(Message("times that it was above"), group.high_events);
  if (group.stalled) {
    result.prove_ratio(Message("of the last minute all its tasks waited for memory"),
                       group.stalled->value / 100, group.stalled->at);
  }
  if (hit) {
    const std::string_view unit = last_part(path);
    const bool named = is_unit(path);
    const auto word = word_of(named ? unit : path);
    Remedy& remedy = result.remedy(
        Message("Raise memory.high, or find what grows; nothing ends this by itself"));
    if (!word) {
      remedy.commands = commands_to_find(path);
    } else if (named) {
      remedy.commands = commands_of(memory_high, *word, path);
    } else {
      remedy.commands = {ShellCommand("cat /sys/fs/cgroup{}/memory.stat", *word)};
    }
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const auto groups = limited_groups(context.facts.host);
  std::vector<Claim> claims;
  for (const Group& group : groups) {
    if (group.is_throttled() && claims.size() < most_findings) {
      claims.push_back(claim_of(group));
    }
  }
  if (claims.empty() && !groups.empty()) {
    claims.push_back(claim_of(groups.front()));
  }
  return claims;
}

}  // namespace

extern const Cause cause_cgroup_throttled{
    "cgroup-throttled", 'F', "a cgroup is slowed down at its memory.high, and nothing is killed",
    nullptr, check};

}  // namespace whyoom::diagnose::causes
