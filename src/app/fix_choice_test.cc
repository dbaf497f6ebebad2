#include "app/fix_choice.h"

#include <gtest/gtest.h>

#include "diagnose/claim.h"

namespace whyoom::app {
namespace {

using diagnose::Finding;
using diagnose::Role;

Finding finding(std::string_view cause, Role role) {
  Finding result;
  result.cause = cause;
  result.role = role;
  result.summary = Message("what it says");
  return result;
}

Finding finding(std::string_view cause, Role role, ShellLiteral key) {
  Finding result = finding(cause, role);
  result.remedies.push_back(diagnose::set_remedy(Message("do it"), key, 100000));
  return result;
}

TEST(FixChoice, TakesWhyMemoryRunsOutBeforeWhatTheKernelDoesThen) {
  const std::vector<Finding> findings = {
      finding("panic-on-oom", Role::risk, "kernel.panic"),
      finding("min-free-too-high", Role::risk, "vm.min_free_kbytes")};
  const auto choice = choose(findings, {}, {}, {});
  ASSERT_TRUE(choice) << choice.error().why;
  EXPECT_EQ(choice->cause, "min-free-too-high");
  EXPECT_EQ(choice->wanted.front().value, "100000");
  EXPECT_EQ(choice->others, std::vector<std::string>{"panic-on-oom"});
}

TEST(FixChoice, TakesWhatHappensNowBeforeWhatCanHappen) {
  const std::vector<Finding> findings = {
      finding("min-free-too-high", Role::risk, "vm.min_free_kbytes"),
      finding("pid-max", Role::root, "kernel.pid_max")};
  EXPECT_EQ(choose(findings, {}, {}, {})->cause, "pid-max");
}

TEST(FixChoice, TakesWhyMemoryRanOutTheLastTimeFirst) {
  std::vector<Finding> findings = {finding("min-free-too-high", Role::root, "vm.min_free_kbytes"),
                                   finding("threads-max", Role::risk, "kernel.threads-max")};
  const LastCause last{"threads-max", "kern.log:7", true};
  const auto choice = choose(findings, {}, last, {});
  EXPECT_EQ(choice->cause, "threads-max");
  EXPECT_EQ(choice->elsewhere, "");
  // What is no longer so is not fixed again.
  findings[1].role = Role::ruled_out;
  const auto other = choose(findings, {}, last, {});
  EXPECT_EQ(other->cause, "min-free-too-high");
  EXPECT_EQ(
      other->elsewhere,
      "The last event (kern.log:7) was threads-max, and that is no longer so. This is another "
      "matter.");
  EXPECT_NE(choose(findings, {}, {"pid-max", "a:1", true}, {})->elsewhere.find("do not tell of it"),
            std::string::npos);
  EXPECT_EQ(choose(findings, {}, {"slab-leak", "a:1"}, {})->elsewhere,
            "The last event (a:1) was slab-leak, which no setting fixes. This is another matter.");
}

TEST(FixChoice, TakesTheCauseThatTheUserNames) {
  const std::vector<Finding> findings = {
      finding("min-free-too-high", Role::root, "vm.min_free_kbytes"),
      finding("panic-on-oom", Role::risk, "kernel.panic"), finding("slab-leak", Role::risk),
      finding("pid-max", Role::ruled_out, "kernel.pid_max")};
  EXPECT_EQ(choose(findings, "panic-on-oom", {}, {})->wanted.front().key, "kernel.panic");
  EXPECT_TRUE(choose(findings, "slab-leak", {}, {}).error().is_error);
  EXPECT_FALSE(choose(findings, "pid-max", {}, {}).error().is_error);
  EXPECT_NE(choose(findings, "threads-max", {}, {}).error().why.find("not found on this host"),
            std::string::npos);
  EXPECT_TRUE(choose(findings, "no-such-cause", {}, {}).error().is_error);
}

TEST(FixChoice, WithoutAFindingThereIsNothingToFix) {
  EXPECT_FALSE(choose({}, {}, {}, {}).error().is_error);
  const auto none = choose({finding("slab-leak", Role::root)}, {}, {}, {});
  EXPECT_NE(none.error().why.find("whyoom check"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::app
