// Which of a host's events says why memory ran out: the first one of the last story whose cause is
// known; when there is none, of the last story. What is unverified never says it.
#pragma once

#include "diagnose/engine.h"
#include "diagnose/event.h"

namespace whyoom::diagnose {

class LastWord {
 public:
  // Call for each event in order. True: it is this one, so far.
  bool offer(const Event& event) {
    const bool known = event.root_cause != undetermined;
    if (!event.report.unverified.empty() || event.in_story > 1 || (known_ && !known)) {
      return false;
    }
    known_ = known;
    return true;
  }

 private:
  bool known_ = false;
};

}  // namespace whyoom::diagnose
