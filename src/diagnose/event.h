// One explained event: the report, what was computed from it, and the verdicts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/finding.h"
#include "memory/evidence.h"
#include "memory/recorded.h"
#include "report/report.h"

namespace whyoom::diagnose {

struct Event {
  report::Report report;
  memory::Evidence evidence;
  std::vector<Finding> findings;  // root first, then contributing, consequence, ruled out
  std::string_view root_cause;    // id, or "undetermined"
  Verdict verdict = Verdict::undetermined;
  std::vector<Overturn> overturned_by{};  // when it is likely
  std::vector<Candidate> candidates{};    // when it is undetermined
  // Place in a spree: 1 for the first event of a story, 2 for the next ...
  std::uint32_t in_story = 1;
  std::uint64_t story = 0;            // StoryContext::story
  std::optional<double> since_first;  // StoryContext::seconds_since_first
  Place killed_at{};                  // StoryContext::killed_at; line 0: it is no such failure

  // What is known beside the log. Where the answer rests on it, `lacks` are the parts that the log
  // lacks, and `stood_in` those of them that are known by it; also "min-free-kbytes".
  std::optional<memory::Recorded> recorded{};
  std::vector<std::string> lacks{}, stood_in{};
};

// report::missing_parts() of the log alone.
std::vector<std::string> missing_parts(const Event& event);

}  // namespace whyoom::diagnose
