#include "memory/printed_score.h"

#include <algorithm>

#include "memory/evidence.h"

namespace whyoom::memory {

namespace {

// Root's 3 %, of its own memory or, before 3.14, of all; one for what the division cuts off.
double most_of(double thousandths) {
  return std::max((thousandths + 31) / 1000, (thousandths + 1) / 970);
}

const report::Task* row_of(const report::Report& report, const report::Victim& victim) {
  const auto row = std::ranges::find(report.tasks, victim.pid, &report::Task::pid);
  return row == report.tasks.end() ? nullptr : &*row;
}

}  // namespace

std::optional<PrintedScore> printed_score(const Evidence& evidence) {
  constexpr double page_tables = 1.01;  // an upper bound of them: 2 MiB of pages need one
  const report::Report& report = *evidence.report;
  const auto victim = std::ranges::find_if(report.victims, [](const report::Victim& each) {
    return each.score && each.permille && !each.allocating_task && !each.memcg;
  });
  if (victim == report.victims.end() || evidence.constraint == report::ConstraintKind::memcg ||
      *victim->score < 0 || *victim->score > 1000) {
    return std::nullopt;
  }
  const report::Task* row = row_of(report, *victim);
  if (row != nullptr && row->oom_score_adj != 0) {
    return std::nullopt;
  }
  const auto thousandths = static_cast<double>(*victim->score);
  PrintedScore score{&*victim, thousandths / 1000, row != nullptr, {}, {}};
  const Bytes resident = to_bytes(victim->resident());
  if (resident.count() == 0 || *victim->score == 0 || !victim->total_vm_kib ||
      KiB(*victim->total_vm_kib) < victim->resident()) {
    return score;
  }
  score.at_least = Bytes(static_cast<std::uint64_t>(static_cast<double>(resident.count()) /
                                                    std::min(1.0, most_of(thousandths))));
  // What it held, in RAM and in swap, is not more than its address space.
  const double most =
      static_cast<double>(to_bytes(KiB(*victim->total_vm_kib)).count()) * page_tables;
  score.rest = (1 - score.share) / score.share * most / static_cast<double>(resident.count());
  return score;
}

}  // namespace whyoom::memory
