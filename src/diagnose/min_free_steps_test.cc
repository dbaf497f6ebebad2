#include "diagnose/min_free_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <tuple>

#include "diagnose/engine.h"
#include "report/log_reader.h"

namespace whyoom::diagnose {
namespace {

std::unique_ptr<Event> event_of_example(const char* name) {
  std::ostringstream text;
  text << std::ifstream(std::string(WHYOOM_SOURCE_DIR) + "/examples/" + name).rdbuf();
  std::unique_ptr<Event> first;
  report::LogReader reader("a.log", [&](report::Report&& report) {
    first = first ? std::move(first) : explain(std::move(report));
  });
  reader.feed(text.str());
  reader.finish();
  return first;
}

TEST(MinFreeSteps, TellFromWhichValueOnTheRequestFails) {
  const auto event = event_of_example("min-free-killed.log");
  ASSERT_NE(event, nullptr);
  const auto steps = min_free_steps(*event);
  ASSERT_GE(steps.size(), 5U);
  EXPECT_TRUE(std::ranges::is_sorted(steps, {}, &MinFreeStep::value));
  const auto with = [&](MinFreeStep::Why why) {
    return std::ranges::find(steps, why, &MinFreeStep::why);
  };
  const auto advised = with(MinFreeStep::Why::advised);
  const auto was = with(MinFreeStep::Why::as_it_was);
  const auto limit = with(MinFreeStep::Why::first_to_fail);
  ASSERT_NE(advised, steps.end());
  ASSERT_NE(was, steps.end());
  ASSERT_NE(limit, steps.end());
  EXPECT_EQ(advised->value, KiB(45056));
  EXPECT_EQ(was->value, event->evidence.min_free->value);
  // It was short by 60 kB: the limit lies just below what was set, by what other CPUs free at the
  // same time.
  EXPECT_LT(limit->value, was->value);
  EXPECT_GT(limit->value.count(), was->value.count() * 98 / 100);
  for (const MinFreeStep& step : steps) {
    EXPECT_EQ(step.passes, step.value < limit->value) << step.value.count();
    EXPECT_TRUE(!*step.passes || step.free > step.needed) << step.value.count();
  }
  EXPECT_GT(advised->within_reach, was->within_reach);
  EXPECT_LE(was->free, was->needed);
}

TEST(MinFreeSteps, NoneWhereNoValueIsAdvised) {
  const auto event = event_of_example("memory-exhausted.log");
  ASSERT_NE(event, nullptr);
  EXPECT_TRUE(min_free_steps(*event).empty());
}

TEST(MinFreeSteps, TheAdvisedValueIsOneOfThisSettingAndOfARuleThatHolds) {
  const auto event = event_of_example("min-free-killed.log");
  ASSERT_NE(event, nullptr);
  for (const auto& [role, key, value] :
       {std::tuple(Role::contributing, "vm.watermark_boost_factor", 77),
        std::tuple(Role::contributing, "vm.min_free_kbytes", 0),
        std::tuple(Role::ruled_out, "vm.min_free_kbytes", 99)}) {
    Finding other;
    other.role = role;
    other.remedies.emplace_back();  // one without a setting
    other.remedies.emplace_back().setting = Setting{key, value};
    event->findings.insert(event->findings.begin(), std::move(other));
  }
  const auto steps = min_free_steps(*event);
  const auto advised = std::ranges::find(steps, MinFreeStep::Why::advised, &MinFreeStep::why);
  ASSERT_NE(advised, steps.end());
  EXPECT_EQ(advised->value, KiB(45056));
}

TEST(MinFreeSteps, NoLimitWhereTheAdvisedValueFailsAsWell) {
  const auto event = event_of_example("min-free-killed.log");
  ASSERT_NE(event, nullptr);
  const auto has_limit = [&event] {
    const auto steps = min_free_steps(*event);
    EXPECT_FALSE(steps.empty());
    return std::ranges::find(steps, MinFreeStep::Why::first_to_fail, &MinFreeStep::why) !=
           steps.end();
  };
  EXPECT_TRUE(has_limit());
  const memory::Evidence before = event->evidence;
  for (memory::ZoneState& zone : event->evidence.zones) {
    zone.free = Pages(0);
  }
  EXPECT_FALSE(has_limit()) << "nothing was free";
  event->evidence = before;
  for (memory::ZoneState& zone : event->evidence.zones) {
    zone.free = zone.size();
  }
  EXPECT_FALSE(has_limit()) << "all was free";
}

}  // namespace
}  // namespace whyoom::diagnose
