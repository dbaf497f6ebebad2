#include "record/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "record/segment_for_test.h"

namespace whyoom::record {
namespace {

constexpr std::int64_t start_ms = 1'764'000'000'000;  // 2025-11-24 16:00:00Z

class Story : public ::testing::Test {
 protected:
  void head(std::string_view boot) {
    bytes_ += testing_only::begin_segment(encoder_, at(Kind::segment), boot, "6.1.0");
  }
  Note at(Kind kind) const {
    Note note;
    note.kind = kind;
    note.real_ms = start_ms + static_cast<std::int64_t>(second_ * 1000);
    note.boot_ms = second_ * 1000;
    return note;
  }
  // One zone of 1 GiB, of which a process has the rest.
  void sample(std::uint64_t free_mib, std::uint64_t panic = 0) {
    Sample sample;
    sample.real_ms = start_ms + static_cast<std::int64_t>(second_ * 1000);
    sample.boot_ms = second_ * 1000;
    sample.machine.set(Field::mem_total, std::uint64_t{1} << 20U);
    sample.machine.set(Field::mem_free, free_mib << 10U);
    sample.machine.set(Field::mem_available, free_mib << 10U);
    sample.machine.set(Field::panic_on_oom, panic);
    sample.zones[0].set(ZoneField::free, free_mib * 256);
    sample.zones[0].set(ZoneField::min, std::uint64_t{2560});
    sample.zones[0].set(ZoneField::managed, std::uint64_t{262144});
    sample.processes[3].set(ProcessField::id, std::uint64_t{1});
    sample.processes[3].set(ProcessField::rss_kib, (1024 - free_mib) << 10U);
    bytes_ += encoder_.sample(sample);
    ++second_;
  }
  void note(Kind kind, std::string_view text, std::uint64_t a = 0, std::uint64_t b = 0) {
    Note note = at(kind);
    note.text = text;
    note.a = a;
    note.b = b;
    bytes_ += encoder_.note(note);
  }
  History take(HistoryOptions options = {}) {
    HistoryBuilder builder(std::move(options));
    builder.add(bytes_);
    return builder.take();
  }

  Encoder encoder_;
  std::string bytes_;
  std::uint64_t second_ = 0;
};

TEST_F(Story, BootsWhatGrewAndHowTheyEnded) {
  head("one");
  for (std::uint64_t i = 0; i < 100; ++i) {
    sample(900);
  }
  for (std::uint64_t free = 900; free > 10; free -= 10) {
    sample(free, 1);
  }
  head("two");
  second_ += 60;
  sample(900);
  note(Kind::stopped, "", 15);
  const History history = take();
  ASSERT_EQ(history.boots.size(), 2U);
  const HistoryBoot& first = history.boots[0];
  EXPECT_EQ(first.release, "6.1.0");
  EXPECT_EQ(first.samples, 189U);
  ASSERT_EQ(first.growth.size(), 1U);
  EXPECT_EQ(first.growth[0].name, "java");
  EXPECT_EQ(first.growth[0].cgroup, "/system.slice/app.service");
  EXPECT_EQ(first.growth[0].now - first.growth[0].before, Bytes(std::uint64_t{880} << 20U));
  // It began after the hundredth second.
  EXPECT_GE(first.growth[0].since_ms, start_ms + 95'000);
  EXPECT_LE(first.growth[0].since_ms, start_ms + 115'000);
  EXPECT_TRUE(looks_like_oom_panic(first));
  EXPECT_NE(end_text(first, false)
                .find("At the last sample 10 MiB were left before requests fail, "
                      "and vm.panic_on_oom was 1: it likely ended in an OOM "
                      "panic"),
            std::string::npos)
      << end_text(first, false);
  EXPECT_TRUE(history.boots[1].ended_in_order);
  EXPECT_FALSE(looks_like_oom_panic(history.boots[1]));
  EXPECT_TRUE(history.boots[1].growth.empty());
}

TEST_F(Story, WhoWasKilledGrewUntilThen) {
  head("one");
  sample(900);
  sample(500);
  Sample without;
  without.real_ms = start_ms + static_cast<std::int64_t>(second_ * 1000);
  without.boot_ms = second_ * 1000;
  bytes_ += encoder_.sample(without);
  ++second_;
  note(Kind::kmsg, "3,10,2500000,-;Out of memory: Killed process 42 (java)", 10);
  sample(1000);
  const History history = take();
  ASSERT_EQ(history.boots.size(), 1U);
  ASSERT_EQ(history.boots[0].growth.size(), 1U);
  EXPECT_EQ(history.boots[0].growth[0].now, Bytes(std::uint64_t{524} << 20U));
}

TEST_F(Story, TheFullestCgroupsOfTheLastSample) {
  head("one");
  Note group = at(Kind::cgroup);
  group.a = 5;
  group.text = "/a.service";
  bytes_ += encoder_.note(group);
  Sample last;
  last.real_ms = start_ms;
  last.cgroups[2].set(CgroupField::id, std::uint64_t{5});
  last.cgroups[2].set(CgroupField::current, std::uint64_t{2048});
  last.cgroups[2].set(CgroupField::pids, std::uint64_t{95});
  last.cgroups[2].set(CgroupField::pids_max, std::uint64_t{100});
  last.cgroups[3].set(CgroupField::id, std::uint64_t{6});  // its name is lost
  bytes_ += encoder_.sample(last);
  head("two");
  sample(900);
  const History history = take();
  ASSERT_EQ(history.boots.size(), 2U);
  ASSERT_EQ(history.boots[0].cgroups.size(), 1U);
  EXPECT_EQ(history.boots[0].cgroups[0].path, "/a.service");
  EXPECT_EQ(history.boots[0].cgroups[0].memory, Bytes(std::uint64_t{2} << 20U));
  EXPECT_EQ(history.boots[0].cgroups[0].memory_max, std::nullopt);
  EXPECT_EQ(history.boots[0].cgroups[0].pids_max, 100U);
  EXPECT_TRUE(history.boots[1].cgroups.empty());
}

TEST_F(Story, AMessageIsAsOldAsItsStamp) {
  second_ = 100;
  head("one");
  note(Kind::kmsg, "3,10,5000000,-;Out of memory: Killed process 42 (java)", 10);
  note(Kind::kmsg, "3,11,900000000,-;Out of memory: Killed process 43 (java)", 11);
  sample(500);
  const History all = take();
  ASSERT_EQ(all.events.size(), 2U);
  EXPECT_EQ(all.events[0].real_ms, start_ms + 5'000);
  EXPECT_EQ(all.events[1].real_ms, start_ms + 100'000);  // no stamp is later than its record
  EXPECT_EQ(take({.since_ms = start_ms + 50'000}).events.size(), 1U);
}

TEST_F(Story, AStampStandsStillWhileTheMachineSleeps) {
  second_ = 1000;
  head("one");
  sample(500);
  second_ += 90'000;  // a day of sleep: the stamp below is of the second after it
  sample(500);
  note(Kind::kmsg, "3,10,1001000000,-;Out of memory: Killed process 42 (java)", 10);
  const History history = take();
  ASSERT_EQ(history.events.size(), 1U);
  EXPECT_EQ(history.events[0].real_ms, start_ms + 91'001'000);
}

TEST_F(Story, EventsGapsAndMessages) {
  head("one");
  sample(500);
  note(Kind::setting, "kernel.panic", 0, 1);
  note(Kind::kmsg, "3,10,5,-;Out of memory: Killed process 42 (java)", 10);
  note(Kind::kmsg, "12,11,5,-;Out of memory: Killed process 1 (forged)", 11);
  note(Kind::clock, "", 3999);  // 2000 ms back
  second_ += 100;
  sample(500);
  note(Kind::asleep, "", 50'000);
  second_ += 100;
  sample(500);
  std::string log;
  const History history =
      take({.message = [&log](std::size_t, std::string_view line, std::int64_t) { log += line; }});
  ASSERT_EQ(history.events.size(), 4U);
  EXPECT_EQ(history.events[0].text, "kernel.panic was changed from 0 to -1");
  EXPECT_EQ(history.events[1].text, "Out of memory: Killed process 42 (java)");
  EXPECT_EQ(history.events[2].text, "the clock was set back by 2 s");
  EXPECT_NE(log.find("forged"), std::string::npos);
  ASSERT_EQ(history.gaps.size(), 1U);  // it slept through the other
  EXPECT_EQ(history.gaps[0].to_ms - history.gaps[0].from_ms, 101'000);
  const History later = take({.since_ms = start_ms + 50'000});
  EXPECT_EQ(later.points.size(), 2U);
  EXPECT_EQ(later.events.size(), 1U);
}

TEST_F(Story, AnyPartOfASegmentCanBeMissing) {
  head("one");
  for (int i = 0; i < 20; ++i) {
    sample(500);
    note(Kind::warning, "w", 1);
  }
  const std::string whole = bytes_;
  for (std::size_t from = 0; from < whole.size(); from += 7) {
    bytes_ = whole.substr(from);
    const History history = take();
    EXPECT_LE(history.points.size(), 20U);
    for (const HistoryPoint& point : history.points) {
      EXPECT_LT(point.boot, history.boots.size());
    }
  }
}

TEST(UtcText, KnownDays) {
  EXPECT_EQ(utc_text(0), "1970-01-01 00:00:00Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31 23:59:59Z");
  EXPECT_EQ(utc_text(951'782'400'000), "2000-02-29 00:00:00Z");
  EXPECT_EQ(utc_text(1'764'000'000'000), "2025-11-24 16:00:00Z");
}

// A board without a clock begins in 1970; the network tells it the time in the second minute.
TEST_F(Story, AClockThatWasSetTearsNothing) {
  const auto at_boot = [this](std::uint64_t boot_ms, std::int64_t real_ms) {
    Sample sample;
    sample.boot_ms = boot_ms;
    sample.real_ms = real_ms;
    sample.machine.set(Field::mem_total, std::uint64_t{1} << 20U);
    bytes_ += encoder_.sample(sample);
  };
  const auto boot = [this](std::string_view id) {
    encoder_.restart();
    Note head;
    head.kind = Kind::segment;
    head.a = format_version;
    head.c = 4096;
    head.text = id;
    bytes_ += encoder_.note(head);
  };
  boot("never set");
  for (std::uint64_t i = 1; i < 10; ++i) {
    at_boot(i * 1000, static_cast<std::int64_t>(i) * 1000);
  }
  boot("set late");
  for (std::uint64_t i = 1; i < 60; ++i) {
    at_boot(i * 1000, static_cast<std::int64_t>(i) * 1000);
  }
  for (std::uint64_t i = 60; i < 100; ++i) {
    at_boot(i * 1000, start_ms + static_cast<std::int64_t>(i) * 1000);
  }
  BootClocks clocks;
  clocks.add(bytes_);
  const auto times = clocks.take();
  EXPECT_EQ(times.began.at("set late"), start_ms);
  EXPECT_EQ(times.last_ms, start_ms + 99'000);
  HistoryOptions options;
  options.began = times.began;
  const History history = take(options);
  ASSERT_EQ(history.points.size(), 108U);
  EXPECT_TRUE(history.gaps.empty());
  for (std::size_t i = 1; i < history.points.size(); ++i) {
    EXPECT_LE(history.points[i].real_ms - history.points[i - 1].real_ms, 2000);
    EXPECT_GT(history.points[i].real_ms, history.points[i - 1].real_ms);
  }
  EXPECT_EQ(history.points.back().real_ms, start_ms + 99'000);
  // And nothing of it is left out because it was not yet known.
  options.since_ms = start_ms;
  EXPECT_EQ(take(options).boots.back().samples, 99U);
  // Without that it is 56 years.
  EXPECT_GT(take().points.back().real_ms - take().points.front().real_ms, start_ms);
}

TEST_F(Story, UpToATime) {
  head("one");
  for (int i = 0; i < 10; ++i) {
    sample(500);
  }
  HistoryOptions options;
  options.until_ms = start_ms + 4000;
  EXPECT_EQ(take(options).points.size(), 5U);
}

TEST_F(Story, OneSampleAMinuteByCronHasNoGaps) {
  for (int i = 0; i < 3; ++i) {
    head("one");
    sample(500);
    note(Kind::stopped, "");
    second_ += 60;
  }
  History history = take();
  EXPECT_TRUE(history.gaps.empty());
  EXPECT_TRUE(history.events.empty());
  // A recorder that somebody ended left one.
  head("one");
  sample(500);
  note(Kind::stopped, "", 15);
  second_ += 60;
  head("one");
  sample(500);
  history = take();
  EXPECT_EQ(history.gaps.size(), 1U);
  EXPECT_EQ(history.events.size(), 1U);
}

TEST_F(Story, TheMemoryOfTheFullestCgroups) {
  head("one");
  Note about = at(Kind::cgroup);
  about.a = 7;
  about.text = "/system.slice/app.service";
  bytes_ += encoder_.note(about);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    Sample each;
    each.real_ms = start_ms + static_cast<std::int64_t>(i) * 1000;
    each.boot_ms = i * 1000;
    each.cgroups[2].set(CgroupField::id, std::uint64_t{7});
    each.cgroups[2].set(CgroupField::current, i == 3000 ? 900'000 : i);
    each.cgroups[2].set(CgroupField::max, std::uint64_t{1'000'000});
    bytes_ += encoder_.sample(each);
  }
  const History history = take();
  ASSERT_EQ(history.cgroups.size(), 1U);
  const CgroupCurve& curve = history.cgroups[0];
  EXPECT_EQ(curve.path, "/system.slice/app.service");
  EXPECT_EQ(curve.peak, to_bytes(KiB(900'000)));
  EXPECT_EQ(curve.limit, to_bytes(KiB(1'000'000)));
  EXPECT_LT(curve.points.size(), 4096U);
  // What is thinned out keeps its peak.
  EXPECT_TRUE(std::ranges::any_of(curve.points,
                                  [&](const auto& point) { return point.memory == curve.peak; }));
}

}  // namespace
}  // namespace whyoom::record
