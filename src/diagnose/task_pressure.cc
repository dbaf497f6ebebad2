#include "diagnose/task_pressure.h"

#include "base/human.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose {

namespace {

constexpr double near_limit = 0.80;
// Not 100 %: pids below 300 are not given again after the first round, and tasks come and go.
constexpr double reached_limit = 0.95;

}  // namespace

Fullness fullness(std::uint64_t used, std::uint64_t limit) {
  if (limit < smallest_shared_limit) {
    return Fullness::room;
  }
  const double part = static_cast<double>(used) / static_cast<double>(limit);
  return part >= reached_limit ? Fullness::reached
         : part >= near_limit  ? Fullness::near
                               : Fullness::room;
}

Fullness fullness(const TaskLimit& limit) {
  return limit.used ? fullness(*limit.used, limit.limit) : Fullness::room;
}

std::string errno_text(std::string_view error) {
  return std::string(error) + (error == "ENOMEM" ? " (\"Cannot allocate memory\")"
                                                 : " (\"Resource temporarily unavailable\")");
}

std::string filled_text(std::uint64_t used, std::uint64_t limit) {
  const double part = limit == 0 ? 1 : static_cast<double>(used) / static_cast<double>(limit);
  return grouped(used) + " of " + grouped(limit) + " (" + percent(part) + ")";
}

void add_proof(Finding& finding, const TaskLimit& limit) {
  finding.proof.push_back(proof(Message("{}", limit.name), limit.limit, limit.at));
  const bool maps = limit.kind == TaskLimit::Kind::max_map_count;
  finding.proof.push_back(proof(maps                  ? Message("mappings of {}", limit.whose)
                                : limit.whose.empty() ? Message("tasks on the host")
                                                      : Message("tasks of {}", limit.whose),
                                limit.used.value_or(0)));
}

std::vector<Claim> judge_limits(const HostContext& context, const LimitRule& rule) {
  std::vector<Claim> claims;
  const TaskLimit* fullest = nullptr;
  bool near = false;
  for (const TaskLimit& limit : context.limits) {
    if (limit.kind != rule.kind || !limit.used) {
      continue;
    }
    fullest = fullest == nullptr ? &limit : fullest;
    near = near || fullness(limit) == Fullness::near;
    if (fullness(limit) != Fullness::reached) {
      continue;
    }
    const TaskMakers makers = task_makers(context.facts.host, rule.whose(limit));
    Claim result = claim(rule.id, Role::root, Rank::limit, limit.filled(), 0.95,
                         rule.reached(limit, describe(makers)));
    add_proof(result.finding, limit);
    if (limit.kind != TaskLimit::Kind::max_map_count) {
      add_proof(result.finding, makers, context.sources);
    }
    rule.complete(context, limit, result.finding);
    claims.push_back(std::move(result));
  }
  if (claims.empty() && !near && fullest != nullptr) {
    Claim room =
        claim(rule.id, Role::ruled_out, Rank::limit, 0, 0.95,
              Message("{}: {}", fullest->name, filled_text(*fullest->used, fullest->limit)));
    add_proof(room.finding, *fullest);
    claims.push_back(std::move(room));
  }
  return claims;
}

}  // namespace whyoom::diagnose
