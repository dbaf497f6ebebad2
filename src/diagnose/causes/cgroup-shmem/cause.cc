#include "diagnose/cgroup.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || !use->shmem) {
    return std::nullopt;
  }
  const bool fills = use->filled_by_shmem();
  if (fills && !use->at_limit()) {  // the counter that would say so may be lost
    return std::nullopt;
  }
  Claim result = claim(
      fills ? Role::root : Role::ruled_out, Rank::limit, 0.9, 0.96,
      fills
          ? Message("Shared memory fills {}: {} of {}. It is files in tmpfs (/dev/shm, an "
                    "emptyDir with medium Memory) or segments; killing a process does not free it.",
                    use->the_cgroup, human(use->shmem->value), human(use->memory->usage))
          : Message("shared memory is {} of {} in the cgroup", human(use->shmem->value),
                    human(use->memory->usage)));
  add_cgroup_proof(result, *use);
  if (fills) {
    result
        .remedy(
            Message("Remove the files or segments, or limit the tmpfs below the cgroup's limit"),
            {ShellCommand("df -h -t tmpfs"), ShellCommand("ipcs -m")})
        .gives = use->shmem->value;
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_shmem{"cgroup-shmem", 'C', "shared memory fills the cgroup", judge};

}  // namespace whyoom::diagnose::causes
