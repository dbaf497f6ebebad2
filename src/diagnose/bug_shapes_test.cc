#include "diagnose/bug_shapes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

const Finding* kernel_bug(const Event& event) {
  const auto found = std::ranges::find(event.findings, "kernel-bug", &Finding::cause);
  return found == event.findings.end() ? nullptr : &*found;
}

// The log of a case of kernel-bug with another release in it.
std::string with_release(const std::string& name, const std::string& from, const std::string& to) {
  std::string log = cases::load_case(cases::causes_folder() / "kernel-bug" / (name + ".case")).log;
  const auto at = log.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return log.replace(at, from.size(), to);
}

TEST(KernelBug, AReleaseThatDoesNotTellOnlyContributes) {
  const auto events =
      cases::explain_log(with_release("positive-small-zone", "5.3.0-tai", "5.4.0-42-generic"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "watermark-raised");
  EXPECT_EQ(cases::role_of(*events[0], "kernel-bug"), "contributing");
  EXPECT_NE(kernel_bug(*events[0])->summary.str().find("may have"), std::string::npos);
}

TEST(KernelBug, TheShapeWithoutAReleaseLeavesTheRootOpen) {
  const auto events =
      cases::explain_log(with_release("positive-small-zone", "5.3.0-tai", "unknown"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "undetermined");
  EXPECT_EQ(cases::role_of(*events[0], "watermark-raised"), "contributing");
}

TEST(KernelBug, NamesTheReleasesWithTheFixAndTheCommit) {
  const auto log =
      cases::load_case(cases::causes_folder() / "kernel-bug" / "positive-high-order.case").log;
  const auto events = cases::explain_log(log);
  ASSERT_EQ(events.size(), 1U);
  const Finding* finding = kernel_bug(*events[0]);
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->summary.str().find("4.7.4, 4.8"), std::string::npos);
  ASSERT_EQ(finding->remedies.size(), 1U);
  EXPECT_NE(finding->remedies[0].title.str().find("6b4e3181d7bd"), std::string::npos);
}

TEST(KernelBug, TheHighMarkIsTheOneWithTheBoost) {
  const auto events = cases::explain_log(with_release(
      "contributing-reserve", "boost:0kB min:42332kB low:52912kB high:63492kB reserved",
      "boost:4096kB min:46428kB low:57008kB high:67588kB reserved"));
  ASSERT_EQ(events.size(), 1U);
  const Finding* finding = kernel_bug(*events[0]);
  ASSERT_NE(finding, nullptr);
  const auto high = std::ranges::find_if(finding->proof, [](const Proof& number) {
    return number.what.str() == "zone Normal: high mark";
  });
  ASSERT_NE(high, finding->proof.end());
  EXPECT_EQ(high->value, 67588 * 1024);
}

TEST(KernelBug, TheDocumentationListsEachBugOfTheTable) {
  const std::string text = test::read_file(cases::causes_folder() / "kernel-bug" / "README.md");
  for (const kernel::KnownBug& bug : kernel::known_bugs()) {
    EXPECT_NE(text.find("| " + std::string(bug.name) + " |"), std::string::npos) << bug.name;
    EXPECT_NE(text.find("| " + std::string(bug.commit) + " |"), std::string::npos) << bug.name;
  }
}

}  // namespace
}  // namespace whyoom::diagnose
