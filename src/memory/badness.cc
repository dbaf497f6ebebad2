#include "memory/badness.h"

#include <algorithm>
#include <array>

#include "memory/evidence.h"
#include "memory/thread_groups.h"
#include "memory/zones.h"

namespace whyoom::memory {

namespace {

using Root = BadnessRules::Root;

constexpr int never_killed = -1000;  // oom_score_adj
constexpr int most_adj = 1000;
constexpr std::int64_t first_pid = 1;

// What the task table of a kernel shows of page tables.
enum class Columns : std::uint8_t { none, pages, bytes };

struct Generation : BadnessRules {
  Columns columns = Columns::bytes;
};

// Newest first. 4.15 and 4.16 print bytes and have the bonus of root.
constexpr std::array<Generation, 8> table{{
    // 9066e5cfb73c: keeps what is below 1
    {{5, 9, false, Root::nothing, false, true, false}},
    // f168a9a54ec3: the last of equals
    {{5, 3, false, Root::nothing, true, true, false}},
    // bbbe48029720: no child instead
    {{5, 2, false, Root::nothing, true, false, false}},
    // d46078b28889
    {{4, 17, false, Root::nothing, true, false, true}},
    // af5b0f6a09e4
    {{4, 15, false, Root::part_of_own, true, false, true}},
    // 778c14affaf9
    {{3, 14, false, Root::part_of_own, true, false, true}, Columns::pages},
    // a7f638f999ff
    {{3, 5, false, Root::part_of_total, true, false, true}, Columns::pages},
    // a63d83f427fb
    {{2, 6, true, Root::part_of_total, true, false, true}, Columns::none},
}};

bool begins_by(const Generation& rules, int major, int minor) {
  return rules.major < major || (rules.major == major && rules.minor <= minor);
}

// No process has more pages, and nothing below wraps with them.
constexpr std::int64_t most_pages = std::int64_t{1} << 48;

std::int64_t number(Pages pages) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(pages.count(), most_pages));
}

// Rounded down, as the kernel's own division is not: for bounds of whole numbers.
std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

struct Row {
  TaskUse use;
  bool init = false, never = false;
  std::int64_t score = 0;
  [[nodiscard]] bool may_be_chosen() const { return !init && !never; }
};

Pages pages_of(const TaskUse& use, PageSize page) { return to_pages(use.total(), page); }

class Table {
 public:
  Table(const Evidence& evidence, const BadnessRules& rules, Pages total)
      : rules_(rules), total_(total), page_(evidence.page) {
    const auto& tasks = evidence.report->tasks;
    const std::vector<std::uint32_t> first = first_rows(tasks);
    rows_.reserve(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (first[i] != i) {
        continue;
      }
      const report::Task& task = tasks[i];
      Row& row = rows_.emplace_back();
      row.use = task_use(task, evidence.page);
      row.init = group_of(task) == first_pid;
      row.never = task.oom_score_adj <= never_killed;
      row.score = badness(rules, pages_of(row.use, evidence.page), task.uid == 0,
                          task.oom_score_adj, total);
    }
  }

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  // Its score without oom_score_adj, which may be below what is the least.
  [[nodiscard]] std::int64_t base(const Row& row) const {
    BadnessRules unlimited = rules_;
    unlimited.at_least_one = false;
    return badness(unlimited, pages_of(row.use, page_), row.use.task->uid == 0, 0, total_);
  }

  // a goes before b, which are both of rows().
  [[nodiscard]] bool before(const Row& a, const Row& b) const {
    return a.score != b.score ? a.score > b.score : rules_.last_of_equals ? &a > &b : &a < &b;
  }

  // The one that is chosen, `other` left out.
  [[nodiscard]] const Row* chosen(const Row* other = nullptr) const {
    const Row* best = nullptr;
    for (const Row& row : rows_) {
      if (row.may_be_chosen() && &row != other && (best == nullptr || before(row, *best))) {
        best = &row;
      }
    }
    return best;
  }

  [[nodiscard]] const Row* find(std::int64_t pid) const {
    const auto found =
        std::ranges::find_if(rows_, [pid](const Row& row) { return row.use.task->pid == pid; });
    return found == rows_.end() ? nullptr : &*found;
  }

  // What one of oom_score_adj weighs.
  [[nodiscard]] std::int64_t weight() const { return rules_.permille ? 1 : number(total_) / 1000; }

 private:
  const BadnessRules& rules_;
  Pages total_;
  PageSize page_;
  std::vector<Row> rows_;
};

// The oom_score_adj with which `a` is still chosen after `b`, the highest; empty: not even the
// lowest that leaves it to be chosen.
std::optional<int> highest_adj_behind(const Table& scores, const Row& a, const Row& b) {
  const std::int64_t weight = scores.weight();
  if (weight == 0 || b.score <= scores.base(a) + (never_killed + 1) * weight) {
    return std::nullopt;
  }
  const std::int64_t adj = floor_div(b.score - scores.base(a) - 1, weight);
  return static_cast<int>(std::clamp<std::int64_t>(adj, never_killed + 1, most_adj));
}

// The lowest one with which `a` is chosen before `b`.
std::optional<int> lowest_adj_before(const Table& scores, const Row& a, const Row& b) {
  const std::int64_t weight = scores.weight();
  if (weight == 0 || a.init) {
    return std::nullopt;
  }
  const std::int64_t adj = floor_div(b.score - scores.base(a), weight) + 1;
  return adj > most_adj
             ? std::nullopt
             : std::optional(static_cast<int>(std::max<std::int64_t>(adj, never_killed + 1)));
}

ScoredTask scored(const Row& row) {
  ScoredTask task;
  task.use = row.use;
  if (row.may_be_chosen()) {
    task.score = row.score;
  }
  return task;
}

Spared why_spared(const Table& scores, const Row& row, const Row& victim) {
  if (row.init) {
    return Spared::init;
  }
  if (row.never) {
    return Spared::never;
  }
  if (row.score == victim.score) {
    return Spared::same_score;
  }
  if (row.score > victim.score) {
    return Spared::no;
  }
  if (row.use.task->oom_score_adj < victim.use.task->oom_score_adj) {
    return Spared::by_adj;
  }
  return scores.base(row) < scores.base(victim) ? Spared::by_root_bonus : Spared::smaller;
}

// Nodes that the request may use, with what lies on them; nullopt = not all of them were printed.
std::optional<Pages> present_on_nodes(const Evidence& evidence) {
  const auto nodes = allowed_nodes(*evidence.report);
  Pages sum;
  for (const report::Zone& zone : evidence.report->zones) {
    const auto& present = zone.fields.get(kernel::Field::present);
    if (nodes && !nodes->contains(zone.node)) {
      continue;
    }
    if (!present) {
      return std::nullopt;
    }
    sum += to_pages(KiB(present->value), evidence.page);
  }
  return sum.count() > 0 ? std::optional(sum) : std::nullopt;
}

struct Total {
  std::optional<Pages> pages;
  bool exact = true;
};

// The limit and the swap that the group may use (mm/memcontrol.c mem_cgroup_get_max()). How much
// swap the machine has is not printed in a cgroup's report, but by el6.
Total total_of_cgroup(const Evidence& evidence) {
  const auto& memcg = evidence.report->memcg;
  const auto limit = memcg ? limit_of(memcg->memory.limit_kib) : std::nullopt;
  if (!limit) {
    return {std::nullopt, false};
  }
  std::optional<Bytes> swap = limit_of(memcg->swap.limit_kib);
  if (const auto both = limit_of(memcg->memsw.limit_kib)) {
    swap = *both - *limit;
  }
  const auto& machine = evidence.swap_total;
  const bool exact = machine || (swap && swap->count() == 0);
  const Bytes most = machine ? std::min(*machine, swap.value_or(*machine)) : Bytes(0);
  return {to_pages(*limit + most, evidence.page), exact};
}

Total total_of(const Evidence& evidence) {
  using Kind = report::ConstraintKind;
  if (evidence.constraint == Kind::memcg) {
    return total_of_cgroup(evidence);
  }
  std::optional<Pages> memory;
  if (evidence.constraint == Kind::cpuset || evidence.constraint == Kind::mempolicy) {
    memory = present_on_nodes(evidence);
  } else if (evidence.ram) {
    memory = to_pages(*evidence.ram, evidence.page);
  }
  if (!memory) {
    return {std::nullopt, false};
  }
  const Bytes swap = evidence.swap_total.value_or(Bytes(0));
  return {*memory + to_pages(swap, evidence.page), evidence.swap_total.has_value()};
}

// Other CPUs allocate and free between the choice and the table, and the counters of a process lag.
bool is_drift(const Row& victim, const Row& foretold, const BadnessRules& rules) {
  if (rules.permille) {
    return foretold.score - victim.score <= 1;
  }
  constexpr std::int64_t few_pages = 256;
  return foretold.score - victim.score <= std::max(few_pages, std::abs(foretold.score) / 50);
}

// Rows that the log says were lost, or should have been there.
bool table_is_cut(const report::Report& report) { return report.lines_lost > 0; }

NotForetold why_not(const Evidence& evidence, const Ranking& ranking, const Row* victim,
                    const Row* foretold) {
  const report::Report& report = *evidence.report;
  const report::Victim& killed = report.victims.front();
  if (victim != nullptr && victim == foretold) {
    return NotForetold::no;
  }
  if (killed.allocating_task) {
    return NotForetold::allocating_task;
  }
  if (killed.instead_of && foretold != nullptr && foretold->use.task->pid == *killed.instead_of) {
    return NotForetold::child_instead;
  }
  if (victim == nullptr || foretold == nullptr) {
    return NotForetold::not_in_table;
  }
  if (victim->score == foretold->score || is_drift(*victim, *foretold, *ranking.rules)) {
    return NotForetold::drift;
  }
  if (!ranking.total_exact &&
      victim->use.task->oom_score_adj != foretold->use.task->oom_score_adj) {
    return NotForetold::total_unknown;
  }
  return table_is_cut(report) ? NotForetold::table_cut : NotForetold::unknown;
}

void add_spared(Ranking& ranking, const Table& scores, const Row& victim) {
  std::vector<const Row*> bigger;
  for (const Row& row : scores.rows()) {
    if (&row != &victim && row.use.total() > victim.use.total()) {
      bigger.push_back(&row);
    }
  }
  std::ranges::stable_sort(
      bigger, [](const Row* a, const Row* b) { return a->use.total() > b->use.total(); });
  bigger.resize(std::min(bigger.size(), Ranking::most_spared));
  for (const Row* row : bigger) {
    ScoredTask task = scored(*row);
    task.spared = why_spared(scores, *row, victim);
    task.chosen_from = lowest_adj_before(scores, *row, victim);
    if (!ranking.total_exact && victim.use.task->oom_score_adj > 0) {
      task.chosen_from.reset();
    }
    ranking.spared.push_back(task);
  }
}

// Those that the release can have, the likeliest first: its own, and newer ones with the same
// columns in the task table, which stable and enterprise kernels carry back. Without a release the
// columns alone tell.
std::vector<const BadnessRules*> badness_rules(const report::Report& report,
                                               const std::optional<kernel::Release>& release) {
  const auto& tasks = report.tasks;
  const auto in_bytes = [](const report::Task& task) { return task.pgtables_bytes.has_value(); };
  const auto in_pages = [](const report::Task& task) { return task.page_table_pages.has_value(); };
  const Columns columns = std::ranges::any_of(tasks, in_bytes)   ? Columns::bytes
                          : std::ranges::any_of(tasks, in_pages) ? Columns::pages
                                                                 : Columns::none;
  // "Kill process 7 (x) score 9 or sacrifice child" went with the child.
  const bool announced = std::ranges::any_of(report.victims, [](const report::Victim& victim) {
    return victim.score || victim.instead_of;
  });
  std::vector<const BadnessRules*> own, newer;
  for (const Generation& rules : table) {
    // RHEL's 3.10 has the bonus of 3.14, its 2.6.32 the score of 2.6.36.
    const bool begins =
        release && begins_by(rules, release->major, release->enterprise == 7 ? 14 : release->minor);
    if (begins && own.empty()) {
      own.push_back(&rules);
    } else if (!begins && rules.columns == columns && (rules.child_instead || !announced)) {
      newer.push_back(&rules);
    }
  }
  if (release) {
    std::ranges::reverse(newer);  // the nearest first
  }
  own.insert(own.end(), newer.begin(), newer.end());
  return own.empty() ? std::vector<const BadnessRules*>{&table.back()} : own;
}

}  // namespace

const BadnessRules& badness_rules_of(const std::optional<kernel::Release>& release) {
  for (const Generation& rules : table) {
    if (!release ||
        begins_by(rules, release->major, release->enterprise == 7 ? 14 : release->minor)) {
      return rules;
    }
  }
  return table.back();
}

std::string_view name(Spared reason) {
  switch (reason) {
    case Spared::no:
      return "no";
    case Spared::never:
      return "never-killed";
    case Spared::init:
      return "init";
    case Spared::by_adj:
      return "oom-score-adj";
    case Spared::by_root_bonus:
      return "root-bonus";
    case Spared::same_score:
      return "same-score";
    case Spared::smaller:
      return "smaller";
  }
  return "";
}

std::string_view name(NotForetold reason) {
  switch (reason) {
    case NotForetold::no:
      return "";
    case NotForetold::allocating_task:
      return "allocating-task";
    case NotForetold::child_instead:
      return "child-instead";
    case NotForetold::not_in_table:
      return "not-in-table";
    case NotForetold::table_cut:
      return "table-cut";
    case NotForetold::drift:
      return "drift";
    case NotForetold::total_unknown:
      return "total-unknown";
    case NotForetold::unknown:
      return "unknown";
  }
  return "";
}

std::optional<std::int64_t> score_of(const Evidence& evidence, const TaskUse& use) {
  const auto& ranking = evidence.ranking;
  const report::Task& task = *use.task;
  if (!ranking || ranking->rules == nullptr || group_of(task) == first_pid ||
      task.oom_score_adj <= never_killed) {
    return std::nullopt;
  }
  const bool weighs = task.oom_score_adj != 0 || ranking->rules->permille;
  if (weighs && (!ranking->total || !ranking->total_exact)) {
    return std::nullopt;
  }
  return badness(*ranking->rules, pages_of(use, evidence.page), task.uid == 0, task.oom_score_adj,
                 ranking->total.value_or(Pages(0)));
}

std::int64_t badness(const BadnessRules& rules, Pages memory, bool root, int oom_score_adj,
                     Pages total) {
  const std::int64_t all = number(total);
  const std::int64_t adj = std::clamp(oom_score_adj, never_killed, most_adj);
  std::int64_t points = number(memory);
  if (rules.permille) {
    points = points * 1000 / std::max<std::int64_t>(all, 1);
    points += adj - (root && rules.root == Root::part_of_total ? 30 : 0);
    return rules.at_least_one ? std::clamp<std::int64_t>(points, 1, 1000) : points;
  }
  if (root && rules.root == Root::part_of_own) {
    points -= points * 3 / 100;
  }
  points += (adj - (root && rules.root == Root::part_of_total ? 30 : 0)) * (all / 1000);
  return rules.at_least_one ? std::max<std::int64_t>(points, 1) : points;
}

namespace {

Ranking rank_by(const BadnessRules& rules, const Evidence& evidence) {
  const report::Report& report = *evidence.report;
  Ranking ranking;
  ranking.rules = &rules;
  const Total total = total_of(evidence);
  ranking.total = total.pages;
  ranking.total_exact = total.exact;
  const Table scores(evidence, rules, ranking.total.value_or(Pages(0)));
  const Row* victim = scores.find(report.victims.front().pid);
  const Row* foretold = scores.chosen();
  ranking.why = why_not(evidence, ranking, victim, foretold);
  if (foretold != nullptr) {
    ranking.foretold = scored(*foretold);
  }
  if (victim == nullptr) {
    return ranking;
  }
  ranking.victim = scored(*victim);
  const auto before = [&](const Row& row) {
    return row.may_be_chosen() && scores.before(row, *victim);
  };
  ranking.place = 1 + static_cast<std::uint32_t>(std::ranges::count_if(scores.rows(), before));
  if (const Row* next = scores.chosen(victim)) {
    ranking.runner_up = scored(*next);
    ranking.spared_at = highest_adj_behind(scores, *victim, *next);
    // With more swap, what oom_score_adj takes off grows.
    const bool holds = next->use.task->oom_score_adj >= 0 && ranking.spared_at <= 0;
    if (!total.exact && !holds) {
      ranking.spared_at.reset();
    }
  }
  add_spared(ranking, scores, *victim);
  return ranking;
}

}  // namespace

std::optional<Ranking> rank_victims(const Evidence& evidence) {
  const report::Report& report = *evidence.report;
  if (report.tasks.empty() || report.victims.empty()) {
    return std::nullopt;
  }
  std::optional<Ranking> first;
  for (const BadnessRules* rules : badness_rules(report, evidence.release)) {
    Ranking ranking = rank_by(*rules, evidence);
    if (ranking.as_foretold()) {
      return ranking;
    }
    if (!first) {
      first = std::move(ranking);
    }
  }
  return first;
}

}  // namespace whyoom::memory
