#include <algorithm>

#include "base/language.h"
#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

std::vector<Claim> check(const HostContext& context) {
  std::vector<const TaskLimit*> near;
  for (const TaskLimit& limit : context.limits) {
    if (fullness(limit) == Fullness::near) {
      near.push_back(&limit);
    }
  }
  const auto fullest = std::ranges::find_if(context.limits, [](const TaskLimit& limit) {
    return limit.used && limit.limit >= smallest_shared_limit;
  });
  if (near.empty()) {
    if (fullest == context.limits.end()) {
      return {};
    }
    // Also when a limit is reached: then its own cause says so.
    Claim room =
        claim(Role::ruled_out, Rank::limit, 0, 0.95,
              Message("no limit on tasks is between 80 % and 95 % full; the fullest is {}, "
                      "{}",
                      fullest->name, filled_text(*fullest)));
    add_proof(room, *fullest, context);
    return {std::move(room)};
  }
  std::string others;
  for (std::size_t i = 1; i < near.size(); ++i) {
    others += tr("; {}: {}", near[i]->name, filled_text(*near[i]));
  }
  const TaskLimit& first = *near.front();
  Claim result =
      claim(Role::risk, Rank::limit, first.filled() / 2, 0.9,
            Message("{}: {}{}. When it is full, {} fails with {}, and memory has no part in it.",
                    first.name, filled_text(first), others,
                    first.kind == TaskLimit::Kind::max_map_count ? "mmap" : "fork",
                    errno_text(first.error)));
  for (const TaskLimit* limit : near) {
    add_proof(result, *limit, context);
  }
  const TaskMakers makers =
      task_makers(context.facts.host, [](const host::Process&) { return true; });
  add_proof(result, makers, context.sources);
  result.remedy(Message("Find what makes the tasks, or raise the limit before it is reached"),
                {ShellCommand("ps -eLo comm= | sort | uniq -c | sort -n | tail")});
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_threads_near_limit{"threads-near-limit", 'F',
                                            "a limit on tasks is nearly reached", nullptr, check};

}  // namespace whyoom::diagnose::causes
