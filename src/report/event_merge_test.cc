// Events of one host from several logs: the example's own spree in other framings, cut, and the
// same clock in another boot.
#include "report/event_merge.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "report/log_reader.h"

namespace whyoom::report {
namespace {

using Clock = EventCopy::Clock;

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t booted_us = 1'795'419'000 * second_us;

std::string spree() {
  std::ifstream file(std::string(WHYOOM_SOURCE_DIR) + "/examples/min-free-killed.log");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

// "[   17.133575] text" -> "Nov 23 07:50:17 host kernel: text", as where printk.time is off.
std::string as_syslog(const std::string& text) {
  std::string out;
  for (const std::string& line : lines_of(text)) {
    const std::size_t end = line.find("] ");
    const std::string second = line.substr(1, line.find('.') - 1);
    const std::size_t digits = second.find_first_not_of(' ');
    const std::string padded = "0" + second.substr(digits);
    out += "Nov 23 07:50:" + padded.substr(padded.size() - 2) +
           " host kernel: " + line.substr(end + 2) + "\n";
  }
  return out;
}

struct Source {
  std::string boot{};
  std::optional<std::int64_t> booted{};  // turns the monotonic clock into at_us
  std::optional<std::int64_t> at{};
  Clock clock = Clock::exact;
  std::uint32_t number = 0;
  bool by_kernel = false;
  std::string unverified{};
};

std::vector<EventCopy> sightings(const std::string& text, const Source& source) {
  std::vector<EventCopy> seen;
  LogReader reader(
      "log" + std::to_string(source.number),
      [&](Report&& report) {
        EventCopy sighting;
        sighting.at_us = source.at;
        if (source.booted && report.time.monotonic_us) {
          sighting.at_us = *source.booted + static_cast<std::int64_t>(*report.time.monotonic_us);
        }
        sighting.clock = source.clock;
        sighting.source = source.number;
        sighting.by_kernel = source.by_kernel;
        if (!source.unverified.empty()) {
          report.unverified = Message("{}", source.unverified);
        }
        report.boot = source.boot;
        sighting.report = std::move(report);
        seen.push_back(std::move(sighting));
      },
      LogReader::Copies::handed_on);
  reader.feed(text);
  reader.finish();
  return seen;
}

void add_all(EventMerge& merge, std::vector<EventCopy> seen) {
  for (EventCopy& sighting : seen) {
    merge.add(std::move(sighting));
  }
}

std::string without_lines(const std::string& text, std::string_view word) {
  std::string out;
  for (const std::string& line : lines_of(text)) {
    out += line.find(word) == std::string::npos ? line + "\n" : "";
  }
  return out;
}

std::string from_line(const std::string& text, std::string_view word) {
  const std::size_t at = text.find(word);
  return text.substr(text.rfind('\n', at) + 1);
}

TEST(EventMerge, one_reader_without_fingerprints_hands_copies_on) {
  EXPECT_EQ(sightings(spree() + spree(), {}).size(), 2 * sightings(spree(), {}).size());
}

// A copy that somebody may have made up tells more, but does not take the place of the kernel's.
TEST(EventMerge, a_copy_in_doubt_never_wins) {
  for (const bool doubtful_first : {true, false}) {
    auto doubtful = sightings(spree(), {.boot = "b2", .booted = booted_us});
    for (EventCopy& sighting : doubtful) {
      sighting.report.unverified = Message("anybody could have written this");
      sighting.report.host = "forged";
      sighting.report.boot.clear();
    }
    auto cut = sightings(without_lines(spree(), "hugepages"), {.booted = booted_us});
    const std::size_t events = cut.size();
    EventMerge merge;
    add_all(merge, doubtful_first ? doubtful : cut);
    add_all(merge, doubtful_first ? cut : doubtful);
    const auto merged = merge.take();
    ASSERT_EQ(merged.size(), events);
    for (const EventCopy& sighting : merged) {
      EXPECT_TRUE(sighting.report.unverified.empty());
      EXPECT_EQ(sighting.report.host, "");
    }
  }
}

TEST(EventMerge, the_same_lines_of_two_logs_count_once) {
  EventMerge merge;
  const auto first = sightings(spree(), {.boot = "b1", .booted = booted_us});
  ASSERT_GE(first.size(), 6U);
  const std::size_t events = first.size();
  add_all(merge, sightings(spree(), {.boot = "b1", .booted = booted_us}));
  add_all(merge,
          sightings(spree(), {.at = booted_us + second_us, .clock = Clock::estimate, .number = 1}));
  EXPECT_EQ(merge.copies(), events);
  const auto kept = merge.take();
  ASSERT_EQ(kept.size(), events);
  for (const EventCopy& event : kept) {
    EXPECT_EQ(event.source, 0U);
  }
}

TEST(EventMerge, the_more_complete_copy_wins_wherever_it_comes) {
  const std::string cut = without_lines(without_lines(spree(), "Node 0"), "oom-kill:constraint");
  for (const bool cut_first : {true, false}) {
    EventMerge merge;
    add_all(merge, sightings(cut_first ? cut : spree(), {.boot = "b1", .booted = booted_us}));
    add_all(merge,
            sightings(cut_first ? spree() : cut, {.boot = "b1", .booted = booted_us, .number = 1}));
    const auto kept = merge.take();
    ASSERT_EQ(kept.size(), sightings(spree(), {}).size());
    for (const EventCopy& event : kept) {
      EXPECT_EQ(event.source, cut_first ? 1U : 0U);
      EXPECT_FALSE(event.report.zones.empty());
      EXPECT_TRUE(event.report.constraint.has_value());
    }
  }
}

// Somebody repeats an event in a log of his own, with more in it.
TEST(EventMerge, an_unverified_copy_takes_nothing_from_a_verified_one) {
  const std::string cut = without_lines(without_lines(spree(), "Node 0"), "oom-kill:constraint");
  for (const bool forged_first : {true, false}) {
    EventMerge merge;
    const Source forged{.boot = "b1", .booted = booted_us, .number = 1, .unverified = "his"};
    const Source own{.boot = "b1", .booted = booted_us};
    add_all(merge, sightings(forged_first ? spree() : cut, forged_first ? forged : own));
    add_all(merge, sightings(forged_first ? cut : spree(), forged_first ? own : forged));
    const auto kept = merge.take();
    ASSERT_EQ(kept.size(), sightings(spree(), {}).size());
    for (const EventCopy& event : kept) {
      EXPECT_EQ(event.source, 0U);
      EXPECT_TRUE(event.report.zones.empty());
      EXPECT_TRUE(event.report.unverified.empty());
    }
  }
}

TEST(EventMerge, what_the_kernel_wrote_as_a_whole_stays) {
  // The same event in a text log, with one more row in its table.
  std::string more = spree();
  const std::size_t row = more.find("] [    ");
  const std::size_t begin = more.rfind('\n', row) + 1;
  more.insert(begin, more.substr(begin, more.find('\n', row) + 1 - begin));
  for (const bool kernel_first : {true, false}) {
    EventMerge merge;
    const Source text{.boot = "b1", .booted = booted_us, .number = 1};
    const Source kernel{.boot = "b1", .booted = booted_us, .by_kernel = true};
    add_all(merge, sightings(kernel_first ? spree() : more, kernel_first ? kernel : text));
    add_all(merge, sightings(kernel_first ? more : spree(), kernel_first ? text : kernel));
    for (const EventCopy& event : merge.take()) {
      EXPECT_EQ(event.source, 0U);
      EXPECT_TRUE(event.by_kernel);
    }
  }
}

TEST(EventMerge, a_text_logs_copy_that_tells_more_speaks_for_itself) {
  const std::string cut = without_lines(spree(), "Node 0");
  const Source text{.boot = "b1", .booted = booted_us, .number = 1};
  const Source kernel{.boot = "b1", .booted = booted_us, .by_kernel = true};
  for (const bool kernel_first : {true, false}) {
    EventMerge merge;
    add_all(merge, sightings(kernel_first ? cut : spree(), kernel_first ? kernel : text));
    add_all(merge, sightings(kernel_first ? spree() : cut, kernel_first ? text : kernel));
    add_all(merge, sightings(spree(), {.boot = "b1", .booted = booted_us, .number = 2}));
    for (const EventCopy& event : merge.take()) {
      EXPECT_FALSE(event.report.zones.empty());
      EXPECT_FALSE(event.by_kernel);
      ASSERT_TRUE(event.of_kernel);
      EXPECT_TRUE(event.of_kernel->zones.empty());
    }
  }
}

TEST(EventMerge, a_flood_of_a_text_log_drops_nothing_of_the_kernels) {
  EventMerge merge(std::size_t{1} << 20U);
  add_all(merge, sightings(spree(), {.boot = "b1", .booted = booted_us, .by_kernel = true}));
  const auto of_kernel = sightings(spree(), {}).size();
  for (int i = 0; i < 4000; ++i) {
    EventCopy forged;
    forged.report.kind = Kind::oom_kill;
    forged.report.victims.emplace_back().pid = 100000 + i;
    forged.at_us = booted_us + std::int64_t{4000} * 1'000'000 + i;
    merge.add(std::move(forged));
  }
  EXPECT_GT(merge.left_out(), 0U);
  const auto kept = merge.take();
  EXPECT_EQ(std::ranges::count_if(kept, &EventCopy::by_kernel),
            static_cast<std::ptrdiff_t>(of_kernel));
}

TEST(EventMerge, a_copy_whose_head_was_overwritten_is_the_same_event) {
  const std::string tail = from_line(spree(), "Mem-Info:");
  EventMerge merge;
  add_all(merge, sightings(tail, {.boot = "b1", .booted = booted_us}));
  add_all(merge, sightings(spree(), {.boot = "b1", .booted = booted_us, .number = 1}));
  const auto kept = merge.take();
  ASSERT_EQ(kept.size(), sightings(spree(), {}).size());
  EXPECT_TRUE(kept.front().report.trigger.has_value());
  EXPECT_EQ(kept.front().source, 1U);
}

TEST(EventMerge, a_wall_clock_matches_the_journals_by_text_and_gives_its_own_zone_away) {
  for (const std::int64_t zone_hours : {0, 1, -8}) {
    EventMerge merge;
    add_all(merge, sightings(spree(), {.boot = "b1", .booted = booted_us}));
    const std::int64_t at = booted_us + (17 + zone_hours * 3600) * second_us;
    auto syslog = sightings(as_syslog(spree()), {.at = at, .clock = Clock::no_zone, .number = 1});
    ASSERT_EQ(syslog.size(), sightings(spree(), {}).size());
    ASSERT_FALSE(syslog.front().report.time.monotonic_us.has_value());
    add_all(merge, std::move(syslog));
    const auto kept = merge.take();
    EXPECT_EQ(kept.size(), sightings(spree(), {}).size()) << zone_hours;
    EXPECT_FALSE(kept.front().report.time.wall.empty());  // the journal's copy had none here
    EXPECT_TRUE(kept.front().report.time.monotonic_us.has_value());
  }
}

TEST(EventMerge, headers_alone_match_between_logs_and_not_inside_of_one) {
  const std::string header =
      "Feb 4 16:15:15 host kernel: java invoked oom-killer: gfp_mask=0xd0, order=0, "
      "oom_adj=0\nFeb 4 16:15:15 host kernel: Call Trace:\n";
  const Source first{.at = booted_us, .clock = Clock::no_zone};
  const Source other{.at = booted_us, .clock = Clock::no_zone, .number = 1};
  ASSERT_EQ(sightings(header + header, first).size(), 2U);
  EventMerge merge;
  add_all(merge, sightings(header + header, first));
  add_all(merge, sightings(header + header, other));
  EXPECT_EQ(merge.copies(), 2U);
  EXPECT_EQ(merge.take().size(), 2U);
}

TEST(EventMerge, the_same_text_at_another_time_is_another_event) {
  EventMerge merge;
  add_all(merge, sightings(as_syslog(spree()), {.at = booted_us, .clock = Clock::no_zone}));
  add_all(merge,
          sightings(as_syslog(spree()),
                    {.at = booted_us + 400 * second_us, .clock = Clock::no_zone, .number = 1}));
  EXPECT_EQ(merge.copies(), 0U);
}

TEST(EventMerge, equal_clocks_of_two_boots_are_two_events) {
  const std::size_t events = sightings(spree(), {}).size();
  EventMerge by_boot;
  add_all(by_boot, sightings(spree(), {.boot = "b1", .booted = booted_us}));
  add_all(by_boot, sightings(spree(), {.boot = "b2", .booted = booted_us, .number = 1}));
  EXPECT_EQ(by_boot.take().size(), 2 * events);

  EventMerge by_wall;
  add_all(by_wall, sightings(spree(), {.booted = booted_us}));
  add_all(by_wall, sightings(spree(), {.booted = booted_us + 86400 * second_us, .number = 1}));
  EXPECT_EQ(by_wall.take().size(), 2 * events);

  // Nothing but the numbers tells these apart.
  const EventCopy first = sightings(spree(), {}).front();
  EventCopy other = first;
  ASSERT_TRUE(same_event(first, other));
  other.report.victims.clear();
  ASSERT_TRUE(same_event(first, other));
  for (std::size_t i = 0; i < static_cast<std::size_t>(kernel::Field::count_); ++i) {
    const auto field = static_cast<kernel::Field>(i);
    if (const auto value = other.report.totals.get(field)) {
      other.report.totals.set(field, value->value + 1, value->at);
    }
  }
  EXPECT_FALSE(same_event(first, other));
}

TEST(EventMerge, in_one_boot_the_uptime_decides_whatever_the_wall_clocks_say) {
  EventMerge merge;
  add_all(merge, sightings(spree(), {.boot = "b1", .booted = booted_us}));
  add_all(merge, sightings(spree(), {.boot = "b1", .booted = booted_us + 7200 * second_us}));
  EXPECT_EQ(merge.take().size(), sightings(spree(), {}).size());
}

TEST(EventMerge, events_come_in_the_order_of_time_and_a_boot_by_its_own_clock) {
  const auto one = [](const std::string& boot, std::uint64_t mono, std::int64_t at) {
    EventCopy seen;
    seen.report.kind = Kind::fork_rejected;
    seen.report.fork_rejected = ForkRejected{"/" + boot + std::to_string(mono), 1, {0, 1}};
    seen.report.boot = boot;
    seen.report.time.monotonic_us = mono;
    seen.at_us = at;
    return seen;
  };
  EventMerge merge;
  merge.add(one("b2", 5, booted_us + 900));
  merge.add(one("b1", 20, booted_us + 90));  // the wall clock was set back meanwhile
  merge.add(one("b1", 10, booted_us + 100));
  const auto kept = merge.take();
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].report.fork_rejected->path, "/b110");
  EXPECT_EQ(kept[1].report.fork_rejected->path, "/b120");
  EXPECT_EQ(kept[2].report.fork_rejected->path, "/b25");
}

TEST(EventMerge, what_does_not_fit_goes_the_oldest_first_and_is_counted) {
  constexpr std::size_t budget = std::size_t{1} << 20U;
  EventMerge merge(budget);
  constexpr std::uint64_t count = 5000;
  std::size_t each = 0;
  for (std::uint64_t i = 1; i <= count; ++i) {
    EventCopy seen;
    seen.report.kind = Kind::userspace_kill;
    seen.report.userspace.emplace();
    seen.report.userspace->what = "kill " + std::to_string(i);
    seen.at_us = booted_us + static_cast<std::int64_t>(i) * second_us;
    each = bytes_held(seen.report);
    merge.add(std::move(seen));
  }
  const std::uint64_t left_out = merge.left_out();
  const auto kept = merge.take();
  EXPECT_EQ(kept.size() + left_out, count);
  EXPECT_LE(kept.size() * each, budget);
  EXPECT_GE(kept.size() * each, budget / 2);
  EXPECT_EQ(kept.back().report.userspace->what, "kill " + std::to_string(count));
}

TEST(EventMerge, hostile_times_do_not_overflow) {
  EventMerge merge;
  for (const std::int64_t at : {INT64_MIN, INT64_MAX, std::int64_t{0}}) {
    EventCopy seen;
    seen.report.kind = Kind::userspace_kill;
    seen.report.userspace.emplace();
    seen.report.userspace->what = "same";
    seen.report.boot = "b";
    seen.report.time.monotonic_us = UINT64_MAX;
    seen.at_us = at;
    merge.add(std::move(seen));
    EventCopy zone;
    zone.report.kind = Kind::userspace_kill;
    zone.report.userspace.emplace();
    zone.report.userspace->what = "same";
    zone.at_us = at;
    zone.clock = Clock::no_zone;
    merge.add(std::move(zone));
  }
  EXPECT_FALSE(merge.take().empty());
}

}  // namespace
}  // namespace whyoom::report
