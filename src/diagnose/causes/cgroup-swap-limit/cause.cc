#include "diagnose/cgroup.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || (!use->memsw && !use->swap)) {
    return std::nullopt;
  }
  if (use->swap_decides()) {
    Claim result =
        claim(Role::root, Rank::limit, 0.8, 0.95,
              Message("The limit of memory and swap together of {} was reached: {}. Memory "
                      "alone was below its own limit.",
                      use->who, human(*use->memsw->limit)));
    add_cgroup_proof(result, *use);
    if (!use->filling_known()) {  // where page cache or shared memory fills it, that is the cause
      leave_open(result, statistics_of_cgroup());
    }
    result.remedy(Message("Raise memory.memsw.limit_in_bytes of {}, or use less in it",
                          use->limit_path.empty() ? use->who : use->limit_path));
    return result;
  }
  // cgroup v2: swap.max keeps anonymous memory in; the limit that was hit is memory.max.
  const bool swap_full =
      use->swap && use->swap->limit && use->swap->limit->count() > 0 && use->swap->full();
  Claim result =
      claim(swap_full ? Role::contributing : Role::ruled_out, Rank::limit, 0.1, 0.9,
            swap_full ? Message("The cgroup's swap was full as well: {}.", human(*use->swap->limit))
                      : Message("no swap limit of the cgroup was what stopped it"));
  add_cgroup_proof(result, *use);
  return result;
}

}  // namespace

extern const Cause cause_cgroup_swap_limit{
    "cgroup-swap-limit", 'C', "the cgroup's limit of swap, or of memory and swap, is reached",
    judge};

}  // namespace whyoom::diagnose::causes
