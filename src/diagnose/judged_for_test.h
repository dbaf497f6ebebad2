// Only for tests: what the one event of a log is found to be.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/candidates_for_test.h"
#include "diagnose/partial_answer.h"

namespace whyoom::diagnose::cases {

inline const std::string killed =
    "[ 9.2] Out of memory: Killed process 709 (systemd-journal) total-vm:79296kB, anon-rss:2000kB, "
    "file-rss:696kB, shmem-rss:0kB, UID:0 pgtables:184kB oom_score_adj:-250\n";

// The one event of a log.
struct Judged {
  std::string root;
  Verdict verdict{};
  Names candidates, decides, ruled_out;
};

inline Judged judged(std::string_view log) {
  const auto events = explain_log(log);
  EXPECT_EQ(events.size(), 1U);
  Judged result;
  for (const auto& event : events) {
    result.root = event->root_cause;
    result.verdict = event->verdict;
    for (const Candidate& candidate : event->candidates) {
      result.candidates.emplace_back(candidate.cause);
      result.decides.push_back(candidate.decides.str());
    }
    for (const Finding& finding : event->findings) {
      if (finding.role == Role::ruled_out) {
        result.ruled_out.emplace_back(finding.cause);
      }
    }
  }
  return result;
}

inline bool rules_out(const Judged& event, std::string_view cause) {
  return std::ranges::find(event.ruled_out, cause) != event.ruled_out.end();
}

inline std::string said_of(std::string_view log) {
  const auto events = explain_log(log);
  EXPECT_EQ(events.size(), 1U);
  std::string said;
  for (const Message& sentence : partial_answer(*events.at(0))) {
    said += sentence.str() + "\n";
  }
  return said;
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace whyoom::diagnose::cases
