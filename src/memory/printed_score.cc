#include "memory/printed_score.h"

#include <algorithm>

#include "memory/evidence.h"
#include "memory/task_with.h"
#include "memory/zones.h"

namespace whyoom::memory {

namespace {

using report::Report;
using report::Victim;

// Machines with less than this print scores too, but so does a small process with a high
// oom_score_adj.
constexpr double least_machine = 512.0 * 1024 * 1024;
constexpr double most_machine = 4503599627370496.0;  // 2^52: a physical address
constexpr double drift = 1.02;  // memory moves between the choice and the lines
// Below, what root is let off says more than the score.
constexpr std::int64_t least_score_for_total = 100;

double bytes(Bytes size) { return static_cast<double>(size.count()); }

// Root's 3 %, of all memory before 3.14 and then of its own, which is no more; one for what the
// division cuts off.
double most_of(double thousandths) { return std::min(1.0, (thousandths + 31) / 1000); }

// Where a line has it: its row of the table, or the first line if the process itself or one of its
// name asked: threads have names, and services are started alike.
std::optional<int> known_adj(const Report& report, const Victim& victim) {
  if (const report::Task* row = task_with(report, victim.pid)) {
    return row->oom_score_adj;
  }
  const auto& trigger = report.trigger;
  const bool same = trigger && (trigger->pid == victim.pid || trigger->comm == victim.comm);
  return same ? trigger->oom_score_adj : std::nullopt;
}

// What the victim held, in RAM and in swap, and of it in RAM.
struct Held {
  double least = 0, most = 0, resident = 0;
};

std::optional<Held> held_by(const Evidence& evidence, const Victim& victim) {
  constexpr double page_tables = 1.01;  // an upper bound of them: 2 MiB of pages need one
  if (const report::Task* row = task_with(*evidence.report, victim.pid)) {
    const TaskUse use = task_use(*row, evidence.page);
    if (use.swap && use.page_tables && use.rss.count() > 0) {
      return Held{bytes(use.total()), bytes(use.total()) * drift, bytes(use.rss)};
    }
  }
  const double resident = bytes(to_bytes(victim.resident()));
  const double space = victim.total_vm_kib ? bytes(to_bytes(KiB(*victim.total_vm_kib))) : 0;
  if (resident == 0 || resident > space || space > most_machine) {
    return std::nullopt;
  }
  return Held{resident, space * page_tables, resident};
}

// What another process had, at the most.
double most_of_others(const Evidence& evidence, const Victim& victim) {
  double most = 0;
  for (const Victim& other : evidence.report->victims) {
    most = std::max(most, &other == &victim ? 0 : bytes(to_bytes(other.resident())));
  }
  for (const report::Task& task : evidence.report->tasks) {
    const bool same = task.pid == victim.pid || task.tgid == victim.pid;
    most = std::max(most, same ? 0 : bytes(to_bytes(Pages(task.rss), evidence.page)));
  }
  return most;
}

// In 2.6.39 to 3.1 thousandths were an int: beyond 2^31 / 1000 pages they wrapped (CVE-2011-4097,
// "oom: fix integer overflow of points in oom_badness" of 3.2). A wrapped score S is at most 2^31 /
// all pages.
bool may_have_wrapped(const Evidence& evidence, double held, double score) {
  constexpr double int_end = 2147483648.0;
  const double pages = held / evidence.page.bytes;
  return !(evidence.release && evidence.release->at_least(3, 2)) && pages * 1000 >= int_end &&
         pages * score <= int_end;
}

// Nothing else that is known speaks against a total of RAM and swap that is `total` at most.
bool fits(const Evidence& evidence, const Victim& victim, const Held& held, double share,
          double total) {
  if (total < least_machine || total > most_machine ||
      held.least + most_of_others(evidence, victim) > total * drift ||
      may_have_wrapped(evidence, held.least, share * 1000)) {
    return false;
  }
  if (!evidence.ram) {
    return true;
  }
  const double known = bytes(*evidence.ram) + bytes(evidence.swap_total.value_or(Bytes(0)));
  return share * known <= held.most * drift &&
         (!evidence.swap_total || held.least <= most_of(share * 1000) * known * drift);
}

}  // namespace

std::optional<PrintedScore> printed_score(const Evidence& evidence) {
  const Report& report = *evidence.report;
  const auto victim = std::ranges::find_if(report.victims, [](const Victim& each) {
    return each.score && each.permille && !each.allocating_task && !each.memcg;
  });
  if (victim == report.victims.end() || is_of_some_nodes(evidence) || *victim->score < 1 ||
      *victim->score >= 1000) {
    return std::nullopt;
  }
  const auto adj = known_adj(report, *victim);
  if (adj.value_or(0) != 0) {
    return std::nullopt;
  }
  const auto thousandths = static_cast<double>(*victim->score);
  PrintedScore score{&*victim, thousandths / 1000, adj.has_value(), {}, {}};
  const auto held = held_by(evidence, *victim);
  if (!held) {
    return score;
  }
  const double total = held->most / score.share;
  if (!fits(evidence, *victim, *held, score.share, total)) {
    return std::nullopt;
  }
  if (*victim->score >= least_score_for_total) {
    score.at_least = Bytes(static_cast<std::uint64_t>(held->least / most_of(thousandths)));
  }
  const double ram = std::max(held->resident, evidence.ram ? bytes(*evidence.ram) : 0);
  score.rest = (1 - score.share) * total / ram;
  return score;
}

}  // namespace whyoom::memory
