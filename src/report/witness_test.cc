#include "report/witness.h"

#include <gtest/gtest.h>

namespace whyoom::report {
namespace {

constexpr std::int64_t minute = 60'000'000;
constexpr std::int64_t booted = 1'795'419'000 * std::int64_t{1'000'000};

EventCopy kill(std::int64_t at_us) {
  EventCopy event;
  event.at_us = at_us;
  event.report.kind = Kind::oom_kill;
  event.report.host = "vm1";
  event.report.victims.emplace_back();
  return event;
}

// A ring buffer that still has all from ten minutes after the boot on.
Witnesses ring(std::optional<std::uint64_t> kills = std::nullopt) {
  return {{{"/dev/kmsg", booted + 10 * minute, booted + 100 * minute}}, "vm1", booted, kills};
}

std::string said(const EventCopy& event, const Witnesses& witnesses, bool sure = true) {
  return not_confirmed(event, sure, witnesses).str();
}

TEST(Witness, AnEventThatTheRingBufferWouldHaveIsNotConfirmed) {
  const std::string no = "not confirmed by /dev/kmsg, which covers that time";
  EXPECT_EQ(said(kill(booted + 50 * minute), ring()), no);
  EXPECT_EQ(said(kill(booted + 100 * minute), ring()), no);
  EXPECT_EQ(said(kill(booted + 12 * minute), ring()), no);
}

TEST(Witness, AbsenceProvesNothingWhereItDoesNotReach) {
  EXPECT_EQ(said(kill(booted + 5 * minute), ring()), "");
  EXPECT_EQ(said(kill(booted + 11 * minute), ring()), "");  // stamps are not that exact
  EXPECT_EQ(said(kill(booted - 50 * minute), ring()), "");
  EXPECT_EQ(said(kill(booted + 101 * minute), ring()), "");  // printed after it was read
  EXPECT_EQ(said(kill(booted + 50 * minute), {{}, "vm1", booted, {}}), "");
}

TEST(Witness, WhatTheKernelWroteNeedsNoOther) {
  EventCopy event = kill(booted + 50 * minute);
  event.by_kernel = true;
  EXPECT_EQ(said(event, ring(0)), "");
}

TEST(Witness, AClockThatIsNotSureIsNotCompared) {
  EventCopy event = kill(booted + 50 * minute);
  EXPECT_EQ(said(event, ring(0), false), "");
  event.clock = EventCopy::Clock::estimate;
  EXPECT_EQ(said(event, ring(0)), "");
  event.at_us.reset();
  EXPECT_EQ(said(event, ring(0)), "");
}

TEST(Witness, AnotherHostsEventIsNotInThisHostsBuffer) {
  EventCopy event = kill(booted + 50 * minute);
  event.report.host = "vm2";
  EXPECT_EQ(said(event, ring(0)), "");
  event.report.host = "vm11";
  EXPECT_EQ(said(event, ring(0)), "");
  event.report.host = "vm1.example.org";
  EXPECT_NE(said(event, ring(0)), "");
  event.report.host.clear();
  EXPECT_NE(said(event, ring(0)), "");
  Witnesses unnamed = ring(0);
  unnamed.host.clear();
  EXPECT_NE(said(event, unnamed), "");
  event.report.host = "vm1";
  EXPECT_EQ(said(event, unnamed), "");
}

TEST(Witness, OfKillersInUserSpaceIsTheJournalAndOnlyOfDaemonsWithAUnit) {
  EventCopy event = kill(booted + 50 * minute);
  event.report.kind = Kind::userspace_kill;
  event.report.userspace.emplace().killer = "earlyoom";
  EXPECT_EQ(said(event, ring(0)), "");
  Witnesses journal = ring(0);
  journal.logs.front().has_killers = true;
  EXPECT_NE(said(event, journal), "");
  event.report.userspace->killer = "kubelet";
  EXPECT_EQ(said(event, journal), "");
}

TEST(Witness, NoKillWasCounted) {
  const std::string no = "not confirmed by /proc/vmstat (oom_kill 0 since the boot)";
  EventCopy event = kill(booted + 5 * minute);  // before what the ring buffer has
  EXPECT_EQ(said(event, ring(0)), no);
  EXPECT_EQ(said(event, ring(1)), "");
  EXPECT_EQ(said(kill(booted + minute), ring(0)), "");
  EXPECT_EQ(said(kill(booted - minute), ring(0)), "");
  event.report.victims.clear();  // nothing was killed
  EXPECT_EQ(said(event, ring(0)), "");
}

TEST(Witness, HugeTimesDoNotOverflow) {
  EXPECT_EQ(said(kill(INT64_MIN), ring(0)), "");
  EXPECT_EQ(said(kill(INT64_MAX), {{}, "vm1", booted, {}}), "");
  EXPECT_EQ(said(kill(INT64_MIN), {{{"x", INT64_MAX, INT64_MAX}}, "vm1", INT64_MAX, 0}), "");
}

}  // namespace
}  // namespace whyoom::report
