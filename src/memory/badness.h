// Why the kernel killed this process and not the big one: its own score of each row of the task
// table (mm/oom_kill.c oom_badness(), select_bad_process()), and where that foretells the victim.
//
// The table is printed right after the choice, so the numbers are those of the choice but for what
// other CPUs changed in between. What the table does not show (a process that is in vfork, one that
// was reaped before, capabilities) is why a foretold victim can differ from the real one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "kernel/release.h"
#include "memory/attribution.h"
#include "report/report.h"

namespace whyoom::memory {

struct Evidence;

// One generation of the score.
struct BadnessRules {
  // What root's processes are let off.
  enum class Root : std::uint8_t { nothing, part_of_total, part_of_own };  // 3 % of it

  int major = 0, minor = 0;  // the release that brought it
  bool permille = false;     // thousandths of all memory, 1..1000; else pages
  Root root = Root::nothing;
  bool at_least_one = false;  // a score below 1 is 1
  bool last_of_equals = false;
  bool child_instead = false;  // a child with memory of its own dies instead of the chosen one
};

// Of a host: what its release has by itself; the newest when that is not known.
const BadnessRules& badness_rules_of(const std::optional<kernel::Release>& release);

// Why a process was not the victim although it is the bigger one, or was foretold.
enum class Spared : std::uint8_t {
  no,
  never,          // oom_score_adj -1000
  init,           // the first process
  by_adj,         // its oom_score_adj took enough off, or the victim's added enough
  by_root_bonus,  // before 4.17
  same_score,     // the kernel takes the first, or the last, of equals
  smaller         // its score is below the victim's without any of these
};
std::string_view name(Spared reason);  // "never-killed"

// Why the victim is not the one that the arithmetic foretells.
enum class NotForetold : std::uint8_t {
  no,               // it is
  allocating_task,  // vm.oom_kill_allocating_task
  child_instead,    // of the foretold one
  not_in_table,     // the table was cut, or the process has left it
  table_cut,        // rows are missing, so a bigger one may be among them
  drift,            // nearly the same score: memory moved between the choice and the table
  total_unknown,    // what oom_score_adj weighs is not known
  unknown           // given up before by the reaper, in vfork, or a rule of a vendor's kernel
};
std::string_view name(NotForetold reason);  // "allocating-task"

struct ScoredTask {
  TaskUse use;
  std::optional<std::int64_t> score;  // pages, or thousandths; empty: never killed
  Spared spared = Spared::no;
  // From which oom_score_adj on it would have gone in the victim's place; empty: from none.
  std::optional<int> chosen_from;
};

// Of one report with a task table and a victim.
struct Ranking {
  static constexpr std::size_t most_spared = 3;

  const BadnessRules* rules = nullptr;
  // What one of oom_score_adj is a thousandth of: RAM and swap, the nodes', or the cgroup's limit
  // and what it may swap.
  std::optional<Pages> total;
  bool total_exact = true;  // else it is at least this: a cgroup's report does not print all swap
  std::optional<ScoredTask> victim;     // the one whose row the table has
  std::optional<ScoredTask> foretold;   // highest score
  std::optional<ScoredTask> runner_up;  // the highest but for the victim
  std::uint32_t place = 0;              // of the victim by score, from 1
  std::vector<ScoredTask> spared;       // bigger than the victim, the biggest first
  NotForetold why = NotForetold::no;
  // At or below this oom_score_adj of the victim, the runner-up would have been killed; empty:
  // there is none, or no value would have helped but -1000.
  std::optional<int> spared_at;

  [[nodiscard]] bool as_foretold() const { return why == NotForetold::no; }
};

// Empty without a task table or without a victim. The result points into the report.
std::optional<Ranking> rank_victims(const Evidence& evidence);

// What the kernel weighed of this process, of any row of the task table, when it chose: pages, or
// thousandths. Empty: it is never killed, or the ranking does not know what its oom_score_adj
// weighs.
std::optional<std::int64_t> score_of(const Evidence& evidence, const TaskUse& use);

// The score of one process, as `rules` make it. `total` is what oom_score_adj is a thousandth of.
std::int64_t badness(const BadnessRules& rules, Pages memory, bool root, int oom_score_adj,
                     Pages total);

}  // namespace whyoom::memory
