#include "render/why_victim.h"

#include <algorithm>
#include <cstdlib>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

using memory::NotForetold;
using memory::Ranking;
using memory::ScoredTask;
using memory::Spared;

constexpr std::size_t most_bigger = 2;

std::string who(const ScoredTask& task) {
  return with_pid(printable(task.use.task->comm), task.use.task->pid);
}

// "like 1.2 GiB": a score is pages, also a negative one, and before 3.5 thousandths of RAM.
std::string points(const Ranking& ranking, std::int64_t score, PageSize page) {
  if (ranking.rules->permille) {
    return tr("{} of 1000", std::to_string(score));
  }
  const Bytes size = to_bytes(Pages(static_cast<std::uint64_t>(std::llabs(score))), page);
  return (score < 0 ? "-" : "") + human(size);
}

std::string scored(const Ranking& ranking, const ScoredTask& task, PageSize page) {
  std::string text = tr("{} holds {}", who(task), human(task.use.total()));
  if (!task.score) {
    return text;
  }
  text += tr(" and scores {}", points(ranking, *task.score, page));
  const int adj = task.use.task->oom_score_adj;
  return adj == 0 ? text : tr("{} with its oom_score_adj of {}", text, std::to_string(adj));
}

// unkillable-hog says it.
bool is_told(const diagnose::Event& event, const ScoredTask& task) {
  return task.spared == Spared::never &&
         std::ranges::any_of(event.findings, [](const diagnose::Finding& finding) {
           return finding.cause == "unkillable-hog" && finding.role != diagnose::Role::ruled_out;
         });
}

std::string bigger_one(const Ranking& ranking, const ScoredTask& task, PageSize page) {
  switch (task.spared) {
    case Spared::never:
      return tr("{} holds {} and may not be killed (oom_score_adj -1000)", who(task),
                human(task.use.total()));
    case Spared::init:
      return tr("{} holds {} and is the first process, which is never killed", who(task),
                human(task.use.total()));
    case Spared::by_root_bonus:
      return tr("{}: root's processes are let off 3 %", scored(ranking, task, page));
    case Spared::same_score:
      return tr("{} holds {} and scores the same", who(task), human(task.use.total()));
    case Spared::by_adj:
      return scored(ranking, task, page);
    case Spared::no:
    case Spared::smaller:
      return {};
  }
  return {};
}

void add_spared(std::vector<std::string>& out, const diagnose::Event& event,
                const Ranking& ranking) {
  const PageSize page = event.evidence.page;
  std::string text;
  std::size_t said = 0;
  for (const ScoredTask& task : ranking.spared) {
    const std::string one = bigger_one(ranking, task, page);
    if (one.empty() || said == most_bigger || is_told(event, task)) {
      continue;
    }
    text += (said++ == 0 ? tr("not the bigger one: ") : tr("; ")) + one;
  }
  if (said == 0) {
    return;
  }
  out.push_back(std::move(text));
  out.push_back(tr("killed: {}", scored(ranking, *ranking.victim, page)));
  if (ranking.spared_at && ranking.runner_up) {
    out.push_back(tr("with an oom_score_adj of {} or less, {} would have been killed in its place",
                     std::to_string(*ranking.spared_at), who(*ranking.runner_up)));
  }
}

std::string reason(NotForetold why) {
  switch (why) {
    case NotForetold::child_instead:
      return tr("before Linux 5.2 a child with memory of its own died for its parent");
    case NotForetold::drift:
      return tr("they score nearly the same, and memory moved before the table was printed");
    case NotForetold::table_cut:
      return tr("lines of the table are lost");
    case NotForetold::total_unknown:
      return tr("how much oom_score_adj weighed is not in the report");
    case NotForetold::unknown:
      return tr(
          "the table does not show why: it may have been killed before and be on its way out, be "
          "in vfork, or the kernel may have rules of its own (Android, vendors)");
    case NotForetold::no:
    case NotForetold::allocating_task:  // a finding says it
    case NotForetold::not_in_table:
      return {};
  }
  return {};
}

void add_not_foretold(std::vector<std::string>& out, const diagnose::Event& event,
                      const Ranking& ranking) {
  const std::string why = reason(ranking.why);
  if (why.empty() || !ranking.foretold) {
    return;
  }
  const PageSize page = event.evidence.page;
  out.push_back(tr("by the kernel's own score another one would die: {}",
                   scored(ranking, *ranking.foretold, page)));
  if (ranking.victim) {
    out.push_back(tr("killed: {}", scored(ranking, *ranking.victim, page)));
  }
  out.push_back(why);
}

}  // namespace

std::vector<std::string> why_victim(const diagnose::Event& event) {
  std::vector<std::string> out;
  const auto& ranking = event.evidence.ranking;
  if (!ranking || !event.evidence.page_size_known) {
    return out;
  }
  if (!ranking->as_foretold()) {
    add_not_foretold(out, event, *ranking);
  } else if (ranking->victim) {
    add_spared(out, event, *ranking);
  }
  return out;
}

}  // namespace whyoom::render
