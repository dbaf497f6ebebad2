#include "record/recall.h"

#include <gtest/gtest.h>

#include "memory/evidence.h"
#include "record/recall_for_test.h"

namespace whyoom::record {
namespace {

using testing_only::kill_line;
using testing_only::SmallRing;

TEST(Recall, TheSampleBeforeAnEvent) {
  SmallRing ring;
  ring.sample();
  ring.now_ms += 400;
  ring.line(kill_line, 0);
  const Asked event = ring.said(0);
  ring.oom_kill = 1;
  ring.sample();
  const auto found = ring.recall(event);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, "the recorder, 0.4 s before");
  EXPECT_DOUBLE_EQ(found->age.value(), 0.4);
  ASSERT_TRUE(found->numbers);
  ASSERT_TRUE(found->min_free);
  EXPECT_EQ(found->min_free->value, KiB(67'584));
  const auto evidence = memory::from_report(*found->numbers);
  EXPECT_TRUE(evidence.zones_complete);
  ASSERT_TRUE(evidence.min_free);
  EXPECT_NEAR(static_cast<double>(evidence.min_free->value.count()), 67'584, 20);
  ASSERT_TRUE(evidence.account);
  EXPECT_TRUE(evidence.account->hugepages_known);
  EXPECT_EQ(evidence.zones[0].reserve, Pages(1024));
  EXPECT_EQ(evidence.zones[0].at, (Place{1, 0}));
}

TEST(Recall, NothingOfAnotherBootOrAnotherTime) {
  SmallRing ring;
  ring.sample();
  ring.now_ms += 400;
  ring.line(kill_line);
  ring.sample();
  Asked other = ring.said();
  other.boot = "0ther";
  EXPECT_FALSE(ring.recall(other));
  other.boot.clear();
  EXPECT_FALSE(ring.recall(other));
  Asked later = ring.said();
  later.at_us += 5'000'000;  // no line of it
  EXPECT_FALSE(ring.recall(later));
  Asked before = ring.said();
  before.at_us = 1'000'000;  // long before what the ring has
  EXPECT_FALSE(ring.recall(before));
}

TEST(Recall, TheMomentsBeforeTheOldestFirst) {
  SmallRing ring;
  ring.sample();
  ring.now_ms += 2000;
  ring.sample();
  ring.now_ms += 400;
  ring.line(kill_line);
  const Asked event = ring.said();
  ring.now_ms += 1000;
  ring.sample();
  const auto found = ring.recall(event);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->moments.size(), 2U) << "and none from behind it";
  EXPECT_NEAR(found->moments[0].age, 2.4, 0.01);
  EXPECT_NEAR(found->moments[1].age, 0.4, 0.01);
  EXPECT_GT(found->ram, found->moments[1].available);
  EXPECT_GT(found->moments[1].free.count(), 0U);
}

TEST(Recall, OfAnOldSampleOnlyTheSettingHolds) {
  SmallRing ring;
  ring.sample();
  ring.now_ms += 20'000;
  ring.line(kill_line);
  const Asked event = ring.said();
  SmallRing without_end = ring;
  ring.sample();
  const auto found = ring.recall(event);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->numbers);
  EXPECT_TRUE(found->min_free);
  // And where nothing says that it was the same after the event, not even that.
  const auto open = without_end.recall(event);
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->min_free);
}

// As a ring goes by: an answer is there with the first sample behind its event, and given once.
TEST(Recall, SaysOfEachWhenMoreOfTheRingCanTellNothingOfIt) {
  constexpr std::size_t events = 3;
  SmallRing ring;
  ring.sample();
  std::vector<Asked> asked;
  std::vector<std::size_t> ends{0};
  for (std::size_t i = 0; i < events; ++i) {
    ring.now_ms += 400;
    ring.line(kill_line);
    asked.push_back(ring.said());
    ends.push_back(ring.bytes().size());
    ring.begin("b00t");
    ring.sample();
  }
  asked.push_back({"0ther", 5});
  ends.push_back(ring.bytes().size());
  const auto segment = [&](std::size_t i) {
    return std::string_view(ring.bytes()).substr(ends[i], ends[i + 1] - ends[i]);
  };
  Recall whole(asked);
  whole.add(ring.bytes());
  const auto all = whole.take();
  Recall parts(asked);
  parts.add(segment(0));
  for (std::size_t i = 0; i < events; ++i) {
    EXPECT_TRUE(parts.is_open(i)) << "no sample behind it yet";
    EXPECT_TRUE(parts.is_open(events));
    parts.add(segment(i + 1));
    EXPECT_FALSE(parts.is_open(i));
    const auto found = parts.take(i);
    ASSERT_TRUE(found && found->numbers && found->min_free);
    ASSERT_TRUE(all[i] && all[i]->numbers && all[i]->min_free);
    EXPECT_EQ(found->source, all[i]->source);
    EXPECT_EQ(found->min_free->value, all[i]->min_free->value);
    EXPECT_FALSE(parts.take(i));
  }
  EXPECT_FALSE(all[events]);
  parts.finish();
  EXPECT_FALSE(parts.take(events));
}

TEST(Recall, NothingWhereASettingWasChangedInBetween) {
  SmallRing ring;
  ring.sample();
  ring.now_ms += 400;
  ring.line(kill_line);
  const Asked event = ring.said();
  ring.min_free_kib = 2'000'000;
  ring.sample();
  const auto found = ring.recall(event);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->numbers);
  EXPECT_FALSE(found->min_free);
}

TEST(Recall, AtThePanicNobodyLooksAgain) {
  for (const bool used_up : {true, false}) {
    SmallRing ring;
    ring.used_up = used_up;
    ring.sample();
    ring.now_ms += 400;
    ring.line(kill_line);
    const auto found = ring.recall(ring.said());
    ASSERT_TRUE(found);
    // A machine far from trouble: what brought it there is not in that sample.
    EXPECT_EQ(found->numbers.has_value(), used_up);
    EXPECT_FALSE(found->min_free);
  }
}

TEST(Recall, ASampleThatCountsTheKillIsBehindIt) {
  SmallRing ring;
  ring.sample();
  ring.now_ms += 1000;
  ring.used_up = false;
  ring.oom_kill = 1;
  ring.sample();
  ring.now_ms += 50;
  ring.line(kill_line, 2);
  const Asked event = ring.said();
  ring.sample();
  const auto found = ring.recall(event);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->age.value(), 1.05, 0.01);
}

TEST(Recall, ClocksThatWentApartWhileTheMachineSlept) {
  SmallRing ring;
  ring.line("something said before");
  ring.now_ms += 3'600'000;
  ring.behind_ms = 3'600'000 - 1000;
  ring.note(Kind::asleep, ring.behind_ms);
  ring.sample();
  ring.now_ms += 500;
  ring.line(kill_line);
  const Asked event = ring.said();
  ring.sample();
  const auto found = ring.recall(event);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->age.value(), 0.5, 0.01);
}

TEST(Recall, WhatGrewUntilThen) {
  SmallRing ring;
  ring.used_up = false;
  for (int i = 0; i < 10; ++i) {
    ring.sample();
    ring.now_ms += 5000;
  }
  ring.used_up = true;
  ring.sample();
  ring.now_ms += 200;
  ring.line(kill_line);
  const auto found = ring.recall(ring.said());
  ASSERT_TRUE(found);
  ASSERT_EQ(found->grew.size(), 1U);
  EXPECT_EQ(found->grew[0].name, "java");
  EXPECT_EQ(found->grew[0].pid, 42U);
  EXPECT_LT(found->grew[0].before, found->grew[0].now);
  EXPECT_EQ(found->grew[0].until_ms - found->grew[0].since_ms, 5000);
}

TEST(Recall, NumbersThatNoMachineHas) {
  SmallRing ring;
  Encoder encoder;
  Sample sample;
  sample.boot_ms = ~std::uint64_t{0};
  for (auto& zone : sample.zones) {
    zone.known = (std::uint64_t{1} << static_cast<unsigned>(ZoneField::end)) - 1;
    zone.value.fill(~std::uint64_t{0});
  }
  sample.machine.known = (std::uint64_t{1} << static_cast<unsigned>(Field::end)) - 1;
  sample.machine.value.fill(~std::uint64_t{0});
  Note line = ring.at(Kind::kmsg);
  line.text = "3,1,18446744073709551615,-;x";
  Recall recall({{"b00t", ~std::uint64_t{0}}});
  recall.add(ring.bytes() + std::string(encoder.sample(sample)));
  recall.add(encoder.note(line));
  EXPECT_EQ(recall.take().size(), 1U);
}

}  // namespace
}  // namespace whyoom::record
