// Only for tests: what a log names as possible, without what would decide it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "diagnose/case_file.h"

namespace whyoom::diagnose::cases {

using Names = std::vector<std::string>;

// Of all events of the log.
inline Names candidates_of(std::string_view log) {
  Names names;
  for (const auto& event : explain_log(log)) {
    for (const Candidate& candidate : event->candidates) {
      names.emplace_back(candidate.cause);
      EXPECT_FALSE(candidate.decides.empty());
    }
  }
  return names;
}

}  // namespace whyoom::diagnose::cases
