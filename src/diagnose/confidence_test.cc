#include "diagnose/confidence.h"

#include <gtest/gtest.h>

namespace whyoom::diagnose {
namespace {

// A report of the pids controller is one line: nothing can be missing.
report::Report whole() {
  report::Report report;
  report.kind = report::Kind::fork_rejected;
  report.fork_rejected.emplace();
  return report;
}

double complete_share(const report::Report& report) {
  return completeness(report, report::missing_parts(report).size());
}

TEST(Completeness, OfAWholeReportIsOne) { EXPECT_DOUBLE_EQ(complete_share(whole()), 1.0); }

TEST(Completeness, FallsWithEachMissingPart) {
  report::Report report;
  const auto missing = report::missing_parts(report).size();
  ASSERT_GE(missing, 3U);
  EXPECT_NEAR(complete_share(report), 1.0 - 0.05 * static_cast<double>(missing), 1e-9);
}

TEST(Completeness, FallsWithDamageButNotWithoutEnd) {
  report::Report report = whole();
  report.damage.resize(3);
  EXPECT_NEAR(complete_share(report), 1.0 - 3 * 0.02, 1e-9);
  report.lines_lost = 500;
  EXPECT_NEAR(complete_share(report), 1.0 - 5 * 0.02, 1e-9);
  report.damage.resize(100000);
  EXPECT_NEAR(complete_share(report), 0.8, 1e-9);
}

// Whoever makes up a report can make up one that fits together.
TEST(Completeness, IsNeverCertainWhereOthersCouldHaveWrittenIt) {
  report::Report report = whole();
  report.unverified = Message("anybody could have written this");
  EXPECT_DOUBLE_EQ(complete_share(report), 0.7);
  report.damage.resize(100000);
  EXPECT_DOUBLE_EQ(complete_share(report), 0.7);
}

TEST(Completeness, NeverFallsToNothing) {
  report::Report report;
  report.kind = report::Kind::oom_kill;
  report.damage.resize(1000);
  report.lines_lost = 1;
  EXPECT_GE(complete_share(report), 0.3);
}

}  // namespace
}  // namespace whyoom::diagnose
