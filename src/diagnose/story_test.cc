#include "diagnose/story.h"

#include <gtest/gtest.h>

namespace whyoom::diagnose {
namespace {

using report::Kind;

constexpr std::uint64_t second = 1'000'000;

report::Report kill(std::uint64_t at_us, std::uint32_t line, Kind kind = Kind::oom_kill) {
  report::Report report;
  report.kind = kind;
  report.source = "dmesg.log";
  report.time.monotonic_us = at_us;
  report.first_line = line;
  report.last_line = line + 60;
  report.outcome = report::Outcome::killed;
  report.victims.emplace_back();
  return report;
}

report::Report untimed(std::uint32_t line) {
  report::Report report = kill(0, line);
  report.time.monotonic_us.reset();
  return report;
}

TEST(Story, BeginsWithTheFirstEvent) {
  StoryBuilder story;
  const StoryContext& first = story.next(kill(5 * second, 100));
  EXPECT_EQ(first.number, 1U);
  EXPECT_EQ(first.first_line, 100U);
  EXPECT_EQ(first.victims_before, 0U);
  EXPECT_EQ(first.seconds_since_first, std::nullopt);
}

TEST(Story, WhatIsUnverifiedIsAStoryOfItsOwn) {
  StoryBuilder story;
  report::Report forged = kill(4 * second, 90);
  forged.unverified = Message("everybody can write it");
  EXPECT_EQ(story.next(forged).number, 1U);
  EXPECT_EQ(story.next(kill(5 * second, 100)).number, 1U);  // does not follow from it
  forged.time.monotonic_us = 6 * second;
  forged.first_line = 200;
  EXPECT_EQ(story.next(forged).number, 2U);
  const StoryContext after = story.next(kill(7 * second, 300));
  EXPECT_EQ(after.number, 2U);  // nor is its own story cut by it
  EXPECT_EQ(after.first_line, 100U);
  EXPECT_EQ(after.victims_before, 1U);
}

TEST(Story, GoesOnWithinAMinute) {
  StoryBuilder story;
  story.next(kill(5 * second, 100));
  const StoryContext second_event = story.next(kill(65 * second, 200));
  EXPECT_EQ(second_event.number, 2U);
  EXPECT_EQ(second_event.first_line, 100U);
  EXPECT_EQ(second_event.victims_before, 1U);
  EXPECT_EQ(second_event.seconds_since_first, 60.0);
  // From event to event, not from the first.
  const StoryContext third = story.next(kill(125 * second, 300));
  EXPECT_EQ(third.number, 3U);
  EXPECT_EQ(third.victims_before, 2U);
  EXPECT_EQ(third.seconds_since_first, 120.0);
}

TEST(Story, EndsAfterAMinuteOfQuiet) {
  StoryBuilder story;
  story.next(kill(5 * second, 100));
  const StoryContext& next = story.next(kill(65 * second + 1, 200));
  EXPECT_EQ(next.number, 1U);
  EXPECT_EQ(next.first_line, 200U);
  EXPECT_EQ(next.victims_before, 0U);
}

TEST(Story, EndsWithARestart) {
  StoryBuilder story;
  story.next(kill(500 * second, 100));
  EXPECT_EQ(story.next(kill(10 * second, 200)).number, 1U);
}

TEST(Story, CountsLinesWhereTheLogHasNoTime) {
  StoryBuilder story;
  story.next(untimed(100));  // ends at line 160
  EXPECT_EQ(story.next(untimed(560)).number, 2U);
  EXPECT_EQ(story.next(untimed(560 + 60 + 401)).number, 1U);
  EXPECT_EQ(story.next(untimed(90)).number, 1U) << "another part of the file";
}

TEST(Story, EndsWithAPanic) {
  StoryBuilder story;
  story.next(kill(5 * second, 100));
  report::Report panic = kill(6 * second, 200, Kind::oom_panic);
  panic.outcome = report::Outcome::panic;
  panic.victims.clear();
  EXPECT_EQ(story.next(panic).number, 2U);
  EXPECT_EQ(story.next(kill(7 * second, 300)).number, 1U);
}

TEST(Story, KeepsSourcesApart) {
  StoryBuilder story;
  story.next(kill(5 * second, 100));
  report::Report other = kill(6 * second, 200);
  other.source = "console.log";
  EXPECT_EQ(story.next(other).number, 1U);
}

TEST(Story, KeepsCgroupsApart) {
  StoryBuilder story;
  const auto in = [](const char* path, std::uint64_t at) {
    report::Report report = kill(at, 100, Kind::memcg_oom_kill);
    report.constraint.emplace();
    report.constraint->oom_memcg = path;
    return report;
  };
  story.next(in("/a", 5 * second));
  EXPECT_EQ(story.next(in("/a", 6 * second)).number, 2U);
  EXPECT_EQ(story.next(in("/b", 7 * second)).number, 1U);
  EXPECT_EQ(story.next(kill(8 * second, 400)).number, 1U);
  // Kernels before 5.0 name the cgroup on another line.
  report::Report old = kill(9 * second, 500, Kind::memcg_oom_kill);
  old.memcg.emplace();
  old.memcg->limit_path = "/c";
  EXPECT_EQ(story.next(old).number, 1U);
  EXPECT_EQ(story.next(in("/c", 10 * second)).number, 2U);
}

report::Report at_wall(const char* wall, std::uint32_t line) {
  report::Report report = untimed(line);
  report.time.wall = wall;
  return report;
}

TEST(Story, EndsAfterAMinuteOfTheWallClock) {
  StoryBuilder story;
  story.next(at_wall("Jan  3 02:11:09", 1));
  const StoryContext second_event = story.next(at_wall("Jan  3 02:12:09", 2 + 60));
  EXPECT_EQ(second_event.number, 2U);
  EXPECT_EQ(second_event.seconds_since_first, 60.0);
  EXPECT_EQ(story.next(at_wall("Jan  9 02:12:09", 130)).number, 1U);
  EXPECT_EQ(story.next(at_wall("Feb 17 02:12:09", 200)).number, 1U);
  EXPECT_EQ(story.next(at_wall("[Tue Feb 17 02:12:10 2026]", 270)).number, 2U);
}

TEST(Story, TwoBootsWithNearUptimesAreApart) {
  StoryBuilder story;
  report::Report one = kill(500 * second, 100);
  one.time.wall = "Jan  3 02:11:09";
  report::Report two = kill(510 * second, 200);
  two.time.wall = "Jan  9 14:40:51";
  story.next(one);
  EXPECT_EQ(story.next(two).number, 1U);
}

TEST(Story, AnOldBootDoesNotGoOn) {
  StoryBuilder story;
  story.next(kill(500 * second, 100));
  story.next(kill(10 * second, 200));
  EXPECT_EQ(story.next(kill(505 * second, 300)).number, 1U);
}

TEST(Story, KeepsHostsApart) {
  StoryBuilder story;
  const auto on = [](const char* host, std::uint64_t at) {
    report::Report report = kill(at, 100);
    report.host = host;
    return report;
  };
  const std::uint64_t first = story.next(on("a", 5 * second)).story;
  EXPECT_EQ(story.next(on("b", 5 * second)).number, 1U);
  EXPECT_EQ(story.next(on("a", 6 * second)).number, 2U);
  EXPECT_EQ(story.next(on("b", 6 * second)).number, 2U);
  EXPECT_EQ(story.next(on("a", 7 * second)).story, first);
}

TEST(Story, ACgroupThatIsStartedAgainAndAgainIsOne) {
  StoryBuilder story;
  std::uint32_t number = 0;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    report::Report report = kill(i * 300 * second, static_cast<std::uint32_t>(100 * i));
    report.constraint.emplace();
    // A container has a new path each time.
    report.constraint->oom_memcg = "/kubepods/burstable/pod11111111-2222-3333-4444-555555555555/" +
                                   std::string(62, 'a') + std::to_string(10 + i);
    number = story.next(report).number;
    story.next(kill(i * 300 * second, static_cast<std::uint32_t>(100 * i)));  // others in between
  }
  EXPECT_EQ(number, 40U);
}

TEST(Story, ACgroupThatWasQuietForTwoHoursBeginsAnother) {
  for (const auto& [seconds, number] : {std::pair(7200U, 2U), std::pair(7201U, 1U)}) {
    StoryBuilder story;
    report::Report first = kill(second, 100, Kind::memcg_oom_kill);
    first.constraint.emplace();
    first.constraint->oom_memcg = "/a";
    report::Report next = first;
    next.time.monotonic_us = (1 + seconds) * second;
    next.first_line = 200;
    story.next(first);
    EXPECT_EQ(story.next(next).number, number) << seconds;
  }
}

TEST(Story, IsOfKillsOnly) {
  StoryBuilder story;
  story.next(kill(5 * second, 100));
  EXPECT_EQ(story.next(kill(6 * second, 200, Kind::page_allocation_failure)).number, 1U);
  EXPECT_EQ(story.next(kill(7 * second, 300, Kind::fork_rejected)).number, 1U);
  EXPECT_EQ(story.next(kill(8 * second, 400, Kind::fork_rejected)).number, 1U);
}

report::Report failure(std::uint64_t at_us, std::uint32_t line, std::int64_t pid) {
  report::Report report = kill(at_us, line, Kind::page_allocation_failure);
  report.victims.clear();
  report.trigger.emplace();
  report.trigger->pid = pid;
  return report;
}

report::Report kill_of(std::int64_t pid, std::uint64_t at_us, std::uint32_t line) {
  report::Report report = kill(at_us, line);
  report.victims.back().pid = pid;
  report.victims.back().at = {0, line + 58};
  return report;
}

TEST(Story, HasTheFailuresOfItsVictims) {
  StoryBuilder story;
  story.next(kill_of(77, 5 * second, 100));
  const StoryContext of_victim = story.next(failure(6 * second, 200, 77));
  EXPECT_EQ(of_victim.number, 2U);
  EXPECT_EQ(of_victim.killed_at, (Place{0, 158}));
  // The spree goes on behind it.
  const StoryContext next = story.next(kill_of(78, 7 * second, 300));
  EXPECT_EQ(next.number, 3U);
  EXPECT_EQ(next.killed_at, Place{});
  EXPECT_EQ(story.next(failure(8 * second, 400, 77)).number, 4U);
}

TEST(Story, LeavesOutTheFailuresOfOthers) {
  StoryBuilder story;
  story.next(kill_of(77, 5 * second, 100));
  EXPECT_EQ(story.next(failure(6 * second, 200, 76)).number, 1U);
  EXPECT_EQ(story.next(failure(7 * second, 300, 77)).number, 2U) << "others do not end it";
  story.next(kill_of(77, 8 * second, 400));
  EXPECT_EQ(story.next(failure(69 * second, 500, 77)).number, 1U) << "another process of this pid";
}

report::Report refusal(std::uint64_t at_us, std::uint32_t line, int order, std::uint32_t mask) {
  report::Report report = failure(at_us, line, line);
  report.trigger->order = order;
  report.trigger->gfp.emplace().mask = mask;
  return report;
}

TEST(Story, OneRequestThatIsRefusedAgainAndAgainIsOne) {
  constexpr std::uint32_t atomic = 0x20;
  StoryBuilder story;
  story.next(refusal(5 * second, 100, 2, atomic));
  EXPECT_EQ(story.next(refusal(8 * second, 200, 2, atomic)).number, 2U) << "of another process";
  EXPECT_EQ(story.next(refusal(9 * second, 300, 1, atomic)).number, 1U) << "another size";
  EXPECT_EQ(story.next(refusal(9 * second, 400, 2, 0xd0)).number, 1U) << "it may wait";
  EXPECT_EQ(story.next(failure(10 * second, 500, 7)).number, 1U) << "nobody knows what it was";
  EXPECT_EQ(story.next(failure(10 * second, 550, 7)).number, 1U);
  EXPECT_EQ(story.next(refusal(68 * second, 600, 2, atomic)).number, 3U);
  EXPECT_EQ(story.next(refusal(129 * second, 700, 2, atomic)).number, 1U) << "after a quiet minute";
}

TEST(Story, RequestsOfVmallocAreOneWhateverTheirSize) {
  StoryBuilder story;
  report::Report first = failure(5 * second, 100, 7);
  first.vmalloc.emplace().bytes = 36'864;
  report::Report next = failure(8 * second, 200, 8);
  next.vmalloc.emplace().bytes = 32'768;
  story.next(first);
  EXPECT_EQ(story.next(next).number, 2U);
}

TEST(Story, ForgetsTheFirstOfVeryManyVictims) {
  StoryBuilder story;
  for (std::int64_t pid = 1; pid <= 65; ++pid) {
    story.next(kill_of(pid, 5 * second, static_cast<std::uint32_t>(100 * pid)));
  }
  EXPECT_EQ(story.next(failure(5 * second, 7000, 2)).number, 66U);
  EXPECT_EQ(story.next(failure(5 * second, 7100, 1)).number, 1U);
}

TEST(Story, HasAFailureOfItsVictimsNameWhereNoPidIsPrinted) {
  const auto nameless = [](const std::string& comm, std::uint32_t line) {
    report::Report report = failure(6 * second, line, 77);
    report.trigger->pid.reset();
    report.trigger->comm = comm;
    return report;
  };
  const auto killed_at = [&](const report::Report& failed) {
    StoryBuilder story;
    report::Report killed = kill_of(77, 5 * second, 100);
    killed.victims.back().comm = "RNAsubopt";
    story.next(killed);
    return story.next(failed).killed_at;
  };
  EXPECT_EQ(killed_at(nameless("RNAsubopt", 160)), (Place{0, 158}));
  EXPECT_EQ(killed_at(nameless("RNAsubopt", 300)), Place{}) << "another of the same name";
  EXPECT_EQ(killed_at(nameless("RNAsubopt", 100)), Place{}) << "before it";
  EXPECT_EQ(killed_at(nameless("sshd", 160)), Place{});
  EXPECT_EQ(killed_at(nameless("", 160)), Place{});
}

TEST(Story, ATimeThatOnlyOneOfThemHasIsNone) {
  StoryBuilder story;
  report::Report first = kill(5000 * second, 100);
  first.time.wall = "2025-03-04T11:22:33";
  story.next(first);
  report::Report next = untimed(300);
  next.time.wall = "2025-03-04T11:22:43";
  const StoryContext& context = story.next(next);
  EXPECT_EQ(context.number, 2U);
  EXPECT_EQ(context.seconds_since_first, 10);
  first.time.wall = "2025-03-04T11:22:53";
  EXPECT_EQ(story.next(first).seconds_since_first, 0) << "by the clock of the kernel";
}

TEST(Story, ARequestOfWhichAPartIsLostIsNotTheSame) {
  for (const bool order : {false, true}) {
    StoryBuilder story;
    const auto refused = [order](std::uint32_t line) {
      report::Report report = refusal(5 * second, line, 2, 0x20);
      order ? report.trigger->gfp.reset() : report.trigger->order.reset();
      return report;
    };
    story.next(refused(100));
    EXPECT_EQ(story.next(refused(200)).number, 1U);
  }
  StoryBuilder story;
  const auto of_slub = [](std::uint32_t line, const std::string& cache) {
    report::Report report = failure(5 * second, line, line);
    report.slub.emplace().cache = cache;
    return report;
  };
  story.next(of_slub(100, "dentry"));
  EXPECT_EQ(story.next(of_slub(200, "dentry")).number, 2U);
  EXPECT_EQ(story.next(of_slub(300, "inode")).number, 1U);
}

}  // namespace
}  // namespace whyoom::diagnose
