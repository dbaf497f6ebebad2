#include <string>

#include "diagnose/cgroup.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "cgroup-kernel-memory";

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  // A full kmem limit alone gives ENOMEM to the caller and never calls the OOM killer.
  if (!use || !use->kernel) {
    return std::nullopt;
  }
  const bool fills =
      use->at_limit() && use->kernel->count() > 0 && *use->kernel * 2 >= use->memory->usage;
  const std::string kernel = human(*use->kernel);
  const std::string usage = human(use->memory->usage);
  Claim result =
      claim(id, fills ? Role::root : Role::ruled_out, Rank::limit, 0.86, 0.92,
            fills ? Message("Kernel memory fills {}: {} of {} (slab, sockets, stacks, page "
                            "tables).",
                            use->the_cgroup, kernel, usage)
                  : Message("kernel memory is {} of {} in the cgroup", kernel, usage));
  add_cgroup_proof(result.finding, *use);
  result.finding.proof.push_back(
      proof(Message("kernel memory of the cgroup"), *use->kernel, use->kernel_at));
  if (fills) {
    result.finding.remedies.push_back(raise_limit(*use));
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_kernel_memory;
const Cause cause_cgroup_kernel_memory{id, 'C', "kernel memory fills the cgroup", judge};

}  // namespace whyoom::diagnose::causes
