#include "diagnose/cgroup.h"
#include "diagnose/claim.h"
#include "memory/memcg_stat.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || !use->file || !use->shmem) {  // file counts shmem as well
    return std::nullopt;
  }
  const bool fills =
      use->file->value * 2 >= use->memory->usage && use->file->value > CgroupUse::size(use->anon);
  if (fills && !use->at_limit()) {  // the counter that would say so may be lost
    return std::nullopt;
  }
  Claim result =
      claim(fills ? Role::root : Role::ruled_out, Rank::limit, 0.85, 0.9,
            fills ? Message("Page cache fills {}: {} of {}. It could not be "
                            "dropped fast enough, usually "
                            "because it waits to be written back.",
                            use->the_cgroup, human(use->file->value), human(use->memory->usage))
                  : Message("page cache is {} of {} in the cgroup", human(use->file->value),
                            human(use->memory->usage)));
  add_cgroup_proof(result, *use);
  result.prove(Message("page cache of the cgroup, without shmem"), use->file);
  result.prove(Message("of that dirty or under writeback"), use->dirty);
  // `file` has shared memory in it, so without its lists shmem alone tells the two apart.
  const report::Memcg& memcg = *context.report.memcg;
  if (!memory::memcg_stat(memcg, {"total_inactive_file", "inactive_file"}) ||
      !memory::memcg_stat(memcg, {"total_active_file", "active_file"})) {
    leave_open(result, statistics_of_cgroup());
  }
  if (fills) {
    result.remedies.push_back(raise_limit(*use));
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_page_cache{"cgroup-page-cache", 'C', "page cache fills the cgroup",
                                           judge};

}  // namespace whyoom::diagnose::causes
