#include "diagnose/task_pressure.h"

#include "base/human.h"
#include "base/language.h"
#include "diagnose/claim.h"

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
  return std::string(error) + (error == "ENOMEM" ? tr(" (\"Cannot allocate memory\")")
                                                 : tr(" (\"Resource temporarily unavailable\")"));
}

std::string filled_text(std::uint64_t used, std::uint64_t limit, std::string_view of_what) {
  const double part = limit == 0 ? 1 : static_cast<double>(used) / static_cast<double>(limit);
  return tr("{} of {}{}{} ({})", grouped(used), grouped(limit), of_what.empty() ? "" : " ",
            translated(of_what), percent(part));
}

std::string filled_text(const TaskLimit& limit) {
  const bool maps = limit.kind == TaskLimit::Kind::max_map_count;
  return filled_text(limit.used.value_or(0), limit.limit, maps ? "mappings" : "tasks");
}

void add_proof(Finding& finding, const TaskLimit& limit, const HostContext& context) {
  // A limit of a process has a file and no place of its own.
  const Place at = limit.at.line == 0 && !limit.where.empty()
                       ? Place{context.sources.add(limit.where), 0}
                       : limit.at;
  finding.prove(Message("{}", limit.name), limit.limit, at);
  const std::uint64_t used = limit.used.value_or(0);
  if (limit.kind == TaskLimit::Kind::max_map_count) {
    finding.prove(Message("mappings of {}", limit.whose), used);
  } else if (limit.whose.empty()) {
    const auto& tasks = context.facts.host.tasks;
    finding.prove(Message("tasks on the host"), used, tasks ? tasks->at : Place{});
  } else {
    finding.prove(Message("tasks of {}", limit.whose), used);
  }
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
    const ProcessFilter counted = rule.whose == nullptr
                                      ? ProcessFilter([](const host::Process&) { return true; })
                                      : rule.whose(limit);
    const TaskMakers makers = task_makers(context.facts.host, counted);
    Claim result =
        claim(Role::root, Rank::limit, limit.filled(), 0.95, rule.reached(limit, describe(makers)));
    add_proof(result, limit, context);
    if (limit.kind != TaskLimit::Kind::max_map_count) {
      add_proof(result, makers, context.sources);
    }
    rule.complete(context, limit, result);
    claims.push_back(std::move(result));
  }
  if (claims.empty() && !near && fullest != nullptr) {
    Claim room = claim(Role::ruled_out, Rank::limit, 0, 0.95,
                       Message("{}: {}", fullest->name, filled_text(*fullest)));
    add_proof(room, *fullest, context);
    claims.push_back(std::move(room));
  }
  return claims;
}

}  // namespace whyoom::diagnose
