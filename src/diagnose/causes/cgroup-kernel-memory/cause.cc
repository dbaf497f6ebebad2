#include <string>

#include "diagnose/cgroup.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  // A full kmem limit alone gives ENOMEM to the caller and never calls the OOM killer.
  if (!use || !use->kernel) {
    return std::nullopt;
  }
  const bool fills = use->kernel->value.count() > 0 && use->kernel->value * 2 >= use->memory->usage;
  if (fills && !use->at_limit()) {  // the counter that would say so may be lost
    return std::nullopt;
  }
  const std::string kernel = human(use->kernel->value);
  const std::string usage = human(use->memory->usage);
  Claim result =
      claim(fills ? Role::root : Role::ruled_out, Rank::limit, 0.86, 0.92,
            fills ? Message("Kernel memory fills {}: {} of {} (slab, sockets, stacks, page "
                            "tables).",
                            use->the_cgroup, kernel, usage)
                  : Message("kernel memory is {} of {} in the cgroup", kernel, usage));
  add_cgroup_proof(result, *use);
  result.prove(Message("kernel memory of the cgroup"), use->kernel);
  if (fills && use->kernel_is_rest) {
    result.confidence = 0.8;
    weaken(result, Message("what each CPU had not yet added to the cgroup's statistics"),
           Message("they held more than {}", human(use->kernel->value - use->memory->usage / 2)));
  }
  if (fills) {
    result.remedies.push_back(raise_limit(*use));
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_kernel_memory{"cgroup-kernel-memory", 'C',
                                              "kernel memory fills the cgroup", judge};

}  // namespace whyoom::diagnose::causes
