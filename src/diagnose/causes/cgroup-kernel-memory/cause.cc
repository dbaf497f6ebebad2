#include <string>

#include "diagnose/cgroup.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "cgroup-kernel-memory";

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use) {
    return std::nullopt;
  }
  const bool kmem_full = use->kmem && use->kmem->full();
  const Bytes kernel = use->kernel.value_or(Bytes(0));
  const bool fills = use->at_limit() && kernel * 2 >= use->memory->usage && kernel.count() > 0;
  if (!kmem_full && !use->kernel) {
    return std::nullopt;
  }
  const std::string who = use->limit_path.empty() ? std::string("the cgroup") : use->limit_path;
  Claim result = claim(
      id, kmem_full || fills ? Role::root : Role::ruled_out, Rank::limit, 0.86, 0.92,
      kmem_full
          ? Message("The kernel memory limit of {} was reached: {}.", who, human(*use->kmem->limit))
      : fills
          ? Message(
                "Kernel memory fills the cgroup {}: {} of {} (slab, sockets, stacks, page tables).",
                who, human(kernel), human(use->memory->usage))
          : Message("kernel memory is {} of {} in the cgroup", human(kernel),
                    human(use->memory->usage)));
  add_cgroup_proof(result.finding, *use);
  if (use->kernel) {
    result.finding.proof.push_back(
        proof(Message("kernel memory of the cgroup"), kernel, use->kernel_at));
  }
  if (kmem_full || fills) {
    Remedy remedy = raise_limit(*use);
    if (kmem_full) {
      remedy.title = Message(
          "Raise memory.kmem.limit_in_bytes of {}, or do not set it (it is deprecated)", who);
      remedy.commands.clear();
    }
    result.finding.remedies.push_back(remedy);
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_kernel_memory;
const Cause cause_cgroup_kernel_memory{id,   'C',  "kernel memory fills the cgroup",
                                       true, true, judge};

}  // namespace whyoom::diagnose::causes
