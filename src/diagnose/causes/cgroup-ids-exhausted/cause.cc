#include "diagnose/kernel_limit.h"

namespace whyoom::diagnose::causes {

namespace {

// Each cgroup with memory of its own has one of these numbers until its last page is gone
// (mm/memcontrol.c MEM_CGROUP_ID_MAX; 0 is nobody's).
constexpr std::uint64_t most_ids = 65535;

std::vector<Claim> check(const HostContext& context) {
  for (const host::CgroupTree& tree : context.facts.host.cgroups) {
    if (!tree.version2 || !tree.memory || tree.groups.empty()) {
      continue;
    }
    const host::Cgroup& top = tree.groups.front();
    if (!top.descendants || !top.dying_descendants) {
      continue;
    }
    const Fill fill{top.descendants->value + std::min(top.dying_descendants->value, UINT64_MAX / 2),
                    most_ids,
                    top.dying_descendants->at,
                    {}};
    Claim result = check_fill(
        fill,
        Message("{} numbers for cgroups with memory are taken, by those that exist and by those "
                "that are removed and still hold pages: making a cgroup, and so starting a "
                "container or "
                "a unit, fails with ENOMEM (\"Cannot allocate memory\"), whatever memory is free.",
                fill_text(fill)),
        Message("{} numbers for cgroups with memory are taken; without one, making a cgroup "
                "fails with ENOMEM, whatever memory is free.",
                fill_text(fill)),
        Message("cgroups, those that are going included"), Message("numbers that the kernel has"),
        Remedy{Message("Let go of the pages that keep deleted cgroups (page cache, tmpfs files)"),
               {ShellCommand("echo 2 | sudo tee /proc/sys/vm/drop_caches")}});
    result.prove(Message("of these deleted, and kept by pages of theirs"), *top.dying_descendants);
    return {std::move(result)};
  }
  return {};
}

}  // namespace

extern const Cause cause_cgroup_ids_exhausted{
    "cgroup-ids-exhausted", 'D', "no number is left for another cgroup", nullptr, check};

}  // namespace whyoom::diagnose::causes
