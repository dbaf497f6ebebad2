#include "diagnose/tally.h"

#include <gtest/gtest.h>

#include <numeric>

#include "diagnose/engine.h"

namespace whyoom::diagnose {
namespace {

Event event_of(std::string_view cause, std::string wall, std::string host = "a") {
  Event event;
  event.root_cause = cause;
  event.report.time.wall = std::move(wall);
  event.report.host = std::move(host);
  return event;
}

report::Victim victim(std::string comm, std::uint64_t anon_kib) {
  report::Victim victim;
  victim.comm = std::move(comm);
  victim.anon_rss_kib = anon_kib;
  return victim;
}

TEST(Tally, OneRowACause) {
  Tally tally;
  Event first = event_of("slab-leak", "Nov 23 07:00:00");
  first.report.victims = {victim("small", 5), victim("big", 9000)};
  tally.add(first);
  tally.add(event_of("slab-leak", "Nov 23 09:00:00", "b"));
  tally.add(event_of("slab-leak", "Nov 23 08:00:00"));
  tally.add(event_of(undetermined, "Nov 23 08:00:00"));
  Event other = event_of(undetermined, "Nov 23 08:00:00");
  other.report.kind = report::Kind::memcg_oom_kill;
  tally.add(other);
  ASSERT_EQ(tally.rows().size(), 3U);
  const TallyRow& row = tally.rows()[0];
  EXPECT_EQ(row.events, 3U);
  EXPECT_EQ(row.killed, 2U);
  EXPECT_EQ(row.biggest, "big");
  EXPECT_EQ(row.first.wall, "Nov 23 07:00:00");
  EXPECT_EQ(row.last.wall, "Nov 23 09:00:00");
  EXPECT_EQ(row.seconds, 7200);
  EXPECT_EQ(tally.rows()[1].cause, "");
  EXPECT_EQ(tally.hosts().names(), 2U);
  EXPECT_EQ(tally.hosts().most()->first, "a");
}

TEST(Tally, CountsPanicsStoriesAndOwners) {
  Tally tally;
  Event event = event_of("slab-leak", "Nov 23 07:00:00", "");
  event.report.panic.emplace();
  tally.add(event);
  event.report.panic.reset();
  event.in_story = 2;
  auto& limit = event.evidence.attribution.limit.emplace();
  limit.path = "/jail";
  tally.add(event);
  limit.owner.emplace().kind = memory::CgroupOwner::Kind::service;
  limit.owner->unit = "web.service";
  tally.add(event);
  // The limit says nothing of whose it is, but the victim's group does.
  auto& victim = event.evidence.attribution.victim.emplace();
  victim.owner = limit.owner;
  limit.owner.reset();
  tally.add(event);
  const TallyRow& row = tally.rows()[0];
  EXPECT_EQ(row.events, 4U);
  EXPECT_EQ(row.panics, 1U);
  EXPECT_EQ(tally.events(), 4U);
  EXPECT_EQ(tally.stories(), 1U);
  EXPECT_EQ(tally.hosts().names(), 0U);
  EXPECT_EQ(row.owners.names(), 2U);
  EXPECT_EQ(row.owners.most()->first, "web.service");
  EXPECT_EQ(row.owners.most()->second, 2U);
}

TEST(Tally, WithoutACommonClockTheLastIsTheLastThatCame) {
  Tally tally;
  tally.add(event_of("slab-leak", "Nov 23 07:00:00"));
  Event event = event_of("slab-leak", "");
  event.report.time.monotonic_us = 5;
  tally.add(event);
  const TallyRow& row = tally.rows()[0];
  EXPECT_EQ(row.last.monotonic_us, 5U);
  EXPECT_EQ(row.first.wall, "Nov 23 07:00:00");
  EXPECT_EQ(row.seconds, std::nullopt);
}

TEST(Tally, AnEarlierOneIsTheFirst) {
  Tally tally;
  for (const char* wall : {"Nov 23 07:00:10", "Nov 23 07:00:00", "Nov 23 07:00:05"}) {
    tally.add(event_of("slab-leak", wall));
  }
  EXPECT_EQ(tally.rows()[0].first.wall, "Nov 23 07:00:00");
  EXPECT_EQ(tally.rows()[0].last.wall, "Nov 23 07:00:10");
  EXPECT_EQ(tally.rows()[0].seconds, 10);
}

TEST(Tally, TimesSinceBootOfSeveralBootsAreNoClock) {
  const auto at = [](std::uint64_t us, const char* source) {
    Event event = event_of("slab-leak", "");
    event.report.time.monotonic_us = us;
    event.report.source = source;
    return event;
  };
  Tally tally;
  tally.add(at(5'000'000, "a"));
  tally.add(at(8'000'000, "a"));
  EXPECT_TRUE(tally.share_a_clock());
  EXPECT_EQ(tally.rows()[0].seconds, 3);
  Tally other_log = tally;
  other_log.add(at(9'000'000, "b"));
  EXPECT_FALSE(other_log.share_a_clock());
  tally.add(at(7'000'000, "a"));  // a restart
  EXPECT_FALSE(tally.share_a_clock());
}

TEST(Timeline, SpansGrowAndNothingIsLost) {
  Timeline timeline;
  EXPECT_TRUE(timeline.bins().empty());
  std::uint64_t count = 0;
  std::uint64_t us = 40'000'000'000;
  for (std::uint64_t step = 1'000'000; step < 40'000'000'000'000; step *= 2) {
    for (const std::uint64_t at : {us, us + step, us - std::min(us, step)}) {
      timeline.add({at, ""});
      ++count;
      const auto bins = timeline.bins();
      ASSERT_LE(bins.size(), Timeline::most_bins);
      ASSERT_EQ(std::accumulate(bins.begin(), bins.end(), std::uint64_t{0}), count);
      ASSERT_GT(bins.front(), 0U);
      ASSERT_GT(bins.back(), 0U);
    }
  }
  EXPECT_GT(timeline.span_seconds(), 86400U);
}

// The clock of the first event; times of the other kind have no place on it.
TEST(Timeline, HasOneClock) {
  Timeline wall;
  wall.add({std::nullopt, "2026-11-23 07:00:00"});
  wall.add({7'000'000, ""});
  wall.add({std::nullopt, "2026-11-23 07:00:02"});
  wall.add({std::nullopt, "2026-11-23 09:00:01+02:00"});
  EXPECT_EQ(wall.bins(), (std::vector<std::uint64_t>{1, 1, 1}));
  EXPECT_EQ(wall.first().wall, "2026-11-23 07:00:00");
  EXPECT_EQ(wall.last().wall, "2026-11-23 07:00:02");
  Timeline boot;
  boot.add({7'000'000, ""});
  boot.add({std::nullopt, "2026-11-23 07:00:00"});
  boot.add({std::nullopt, ""});
  EXPECT_EQ(boot.bins(), (std::vector<std::uint64_t>{1}));
}

TEST(NameCount, IsBounded) {
  NameCount names;
  EXPECT_FALSE(names.most());
  for (int i = 0; i < 1000; ++i) {
    names.add("pod" + std::to_string(i));
    names.add("pod7");
  }
  names.add("");
  EXPECT_EQ(names.most()->first, "pod7");
  EXPECT_EQ(names.names(), 1000U);
}

}  // namespace
}  // namespace whyoom::diagnose
