// What the score of a kill line tells where a report has no more: "Out of memory: Kill process
// 26148 (mysqld) score 498 or sacrifice child". From 2.6.36 (commit a63d83f427fb) to 5.1
// (bbbe48029720) the kernel prints there how many thousandths of RAM and swap together the chosen
// process held, with its oom_score_adj added (mm/oom_kill.c oom_badness(), select_bad_process()).
// Root's processes were let off 3 % until 4.17, so the printed share is a lower bound.
//
// A small process with a high oom_score_adj prints the same number as one that held everything. So
// the score is believed only where nothing that is there speaks against it.
#pragma once

#include <optional>

#include "base/units.h"
#include "report/report.h"

namespace whyoom::memory {

struct Evidence;

struct PrintedScore {
  const report::Victim* victim = nullptr;
  double share = 0;        // of RAM and swap, at least
  bool adj_known = false;  // else its oom_score_adj is taken to be 0
  // RAM and swap together; empty without the sizes of the victim, and of a score that is too small.
  std::optional<Bytes> at_least;
  // What was left for all else, free memory and the kernel too, as a share of RAM, at most. RAM is
  // not smaller than what the victim had there. Empty without its sizes.
  std::optional<double> rest;
};

// Empty where no such line is; where the limit was a cgroup's or some nodes'; where oom_score_adj
// is known not to be 0, or must have been more: the score is 1000 or above, or what the process
// held, or another one, or the size of RAM does not fit to it.
std::optional<PrintedScore> printed_score(const Evidence& evidence);

}  // namespace whyoom::memory
