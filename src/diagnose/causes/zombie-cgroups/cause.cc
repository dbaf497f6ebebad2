#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// A host that starts many containers always has some hundred that wait for their last page.
constexpr std::uint64_t many = 1000;

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  for (const host::CgroupTree& tree : host.cgroups) {
    if (tree.groups.empty() || !tree.groups.front().dying_descendants ||
        !tree.groups.front().descendants) {
      continue;
    }
    const auto& dying = *tree.groups.front().dying_descendants;
    const auto& living = *tree.groups.front().descendants;
    const bool piled_up = dying.value > many && dying.value > living.value;
    Claim result = claim(
        piled_up ? Role::risk : Role::ruled_out, Rank::used_up, 0.1, 0.8,
        piled_up ? Message("{} cgroups are removed but not gone, beside {} that exist: pages of "
                           "page cache or tmpfs still belong to them, and each holds kernel "
                           "memory.",
                           grouped(dying.value), grouped(living.value))
                 : Message("{} cgroups are removed and not gone, {} exist", grouped(dying.value),
                           grouped(living.value)));
    result.prove(Message("dying cgroups"), dying);
    result.prove(Message("cgroups"), living);
    if (const auto& percpu = host.meminfo.percpu) {
      result.prove(Message("per-CPU memory (cgroups have much of it)"), percpu);
    }
    if (piled_up) {
      result.remedy(
          Message("Give their page cache back, and look for files in tmpfs that outlive their "
                  "container"),
          {ShellCommand("sync; echo 1 | sudo tee /proc/sys/vm/drop_caches"),
           ShellCommand("grep nr_dying /sys/fs/cgroup/*/cgroup.stat | sort -t' ' -k2 -n | tail")});
    }
    return {std::move(result)};
  }
  return {};
}

}  // namespace

extern const Cause cause_zombie_cgroups{"zombie-cgroups", 'B',
                                        "cgroups that are gone still hold memory", nullptr, check};

}  // namespace whyoom::diagnose::causes
