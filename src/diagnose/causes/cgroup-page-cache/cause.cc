#include <string>

#include "diagnose/cgroup.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "cgroup-page-cache";

std::optional<Claim> judge(const Context& context) {
  const auto use = cgroup_use(context);
  if (!use || !use->file || !use->shmem) {  // file counts shmem as well
    return std::nullopt;
  }
  const bool fills = use->at_limit() && *use->file * 2 >= use->memory->usage &&
                     *use->file > use->anon.value_or(Bytes(0));
  Claim result =
      claim(id, fills ? Role::root : Role::ruled_out, Rank::limit, 0.85, 0.9,
            fills ? Message("Page cache fills {}: {} of {}. It could not be "
                            "dropped fast enough, usually "
                            "because it waits to be written back.",
                            use->the_cgroup, human(*use->file), human(use->memory->usage))
                  : Message("page cache is {} of {} in the cgroup", human(*use->file),
                            human(use->memory->usage)));
  add_cgroup_proof(result.finding, *use);
  result.finding.proof.push_back(
      proof(Message("page cache of the cgroup, without shmem"), *use->file, use->file_at));
  if (use->dirty) {
    result.finding.proof.push_back(
        proof(Message("of that dirty or under writeback"), *use->dirty, use->file_at));
  }
  if (fills) {
    result.finding.remedies.push_back(raise_limit(*use));
  }
  return result;
}

}  // namespace

extern const Cause cause_cgroup_page_cache;
const Cause cause_cgroup_page_cache{id, 'C', "page cache fills the cgroup", judge};

}  // namespace whyoom::diagnose::causes
