// Cause against cause: what is found in a case is what the case says, so no cause shows up in the
// positive case of another unless that case lists both.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "diagnose/case_file.h"
#include "diagnose/cause.h"

namespace whyoom::diagnose {
namespace {

using cases::Case;

bool is_positive(const std::filesystem::path& path) {
  return path.stem().string().starts_with("positive");
}

bool is_near_miss(const std::filesystem::path& path) {
  return path.stem().string().starts_with("near-miss");
}

std::string own_cause(const std::filesystem::path& path) {
  return path.parent_path().filename().string();
}

// What the case says of a cause: "refused" when it does not list it.
std::string said(const Case& wanted, std::string_view cause) {
  for (const auto& expectation : wanted.causes) {
    if (expectation.cause == cause) {
      return expectation.role;
    }
  }
  return "refused";
}

TEST(Matrix, EachCauseIsRefusedByTheCasesOfOthersThatDoNotListIt) {
  std::size_t refusals = 0;
  for (const auto& path : cases::case_paths()) {
    const Case wanted = cases::load_case(path);
    const auto events = cases::explain_log(wanted.log);
    ASSERT_FALSE(events.empty()) << wanted.name;
    for (const Cause* cause : all_causes()) {
      if (cause->judge == nullptr) {
        continue;
      }
      const std::string found = cases::role_of(*events.back(), cause->id);
      EXPECT_EQ(found, said(wanted, cause->id)) << cause->id << " in " << wanted.name;
      refusals += found == "refused" && is_positive(path) ? 1 : 0;
    }
  }
  // Most pairs of a cause of logs and the positive case of another.
  const auto of_logs = static_cast<std::size_t>(std::ranges::count_if(
      all_causes(), [](const Cause* cause) { return cause->judge != nullptr; }));
  EXPECT_GT(refusals, of_logs * (of_logs - 5));
}

TEST(Matrix, EachCauseIsFoundInItsPositiveCases) {
  for (const auto& path : cases::case_paths()) {
    if (is_positive(path)) {
      const Case wanted = cases::load_case(path);
      EXPECT_NE(said(wanted, own_cause(path)), "refused") << wanted.name;
    }
  }
}

TEST(Matrix, ANearMissIsNotWhatThePositiveCaseIs) {
  std::map<std::string, std::string> positive;
  for (const auto& path : cases::case_paths()) {
    if (path.stem() == "positive") {
      positive[own_cause(path)] = said(cases::load_case(path), own_cause(path));
    }
  }
  for (const auto& path : cases::case_paths()) {
    if (is_near_miss(path)) {
      const Case wanted = cases::load_case(path);
      EXPECT_NE(said(wanted, own_cause(path)), positive[own_cause(path)]) << wanted.name;
    }
  }
}

// The line of the root and the lines of the causes say the same.
TEST(Matrix, TheRootOfACaseIsListedAsItsRoot) {
  for (const auto& path : cases::case_paths()) {
    const Case wanted = cases::load_case(path);
    if (wanted.root != "undetermined") {
      EXPECT_EQ(said(wanted, wanted.root), "root") << wanted.name;
    }
  }
}

}  // namespace
}  // namespace whyoom::diagnose
