#include <string>

#include "diagnose/cgroup.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "cgroup-shmem";

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || !use->shmem) {
    return std::nullopt;
  }
  const bool fills = use->filled_by_shmem() && use->at_limit();
  Claim result = claim(
      id, fills ? Role::root : Role::ruled_out, Rank::limit, 0.9, 0.96,
      fills
          ? Message("Shared memory fills {}: {} of {}. It is files in tmpfs (/dev/shm, an "
                    "emptyDir with medium Memory) or segments; killing a process does not free it.",
                    use->the_cgroup, human(*use->shmem), human(use->memory->usage))
          : Message("shared memory is {} of {} in the cgroup", human(*use->shmem),
                    human(use->memory->usage)));
  add_cgroup_proof(result.finding, *use);
  if (fills) {
    Remedy remedy;
    remedy.title =
        Message("Remove the files or segments, or limit the tmpfs below the cgroup's limit");
    remedy.commands = {ShellCommand("df -h -t tmpfs"), ShellCommand("ipcs -m")};
    result.finding.remedies.push_back(remedy);
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_shmem;
const Cause cause_cgroup_shmem{id, 'C', "shared memory fills the cgroup", judge};

}  // namespace whyoom::diagnose::causes
