#include "app/when.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace whyoom::app {
namespace {

using explain::seconds_after;

// Seconds from what the user wrote to what the log has; NaN stands for "cannot be compared".
double seconds(std::string_view asked, const char* logged, std::int64_t now = 1'795'419'692) {
  const auto when = parse_when(asked, now);
  EXPECT_TRUE(when) << asked;
  if (!when) {
    return -1e99;
  }
  report::Time time;
  time.wall = logged;
  return seconds_after(*when, time).value_or(-1e98);
}

TEST(ParseWall, ReadsTheSpellingsOfLogs) {
  constexpr const char* asked = "2026-11-23 07:41:30";
  for (const char* logged :
       {"2026-11-23T07:41:32", "2026-11-23T07:41:32.000000+00:00", "2026-11-23 07:41:32",
        "2026-11-23T07:41:32,000000+0100", "Mon 2026-11-23 07:41:32 CEST", "2026-11-23T07:41:32Z",
        "2026/11/23 07:41:32", "Nov 23 07:41:32", "Mon Nov 23 07:41:32 2026",
        "Mon 2026-11-23 07:41:32 UTC", "2026 Nov 23 07:41:32", "Nov 23 2026 07:41:32",
        "[Mon Nov 23 07:41:32 2026]", "lun. nov. 23 07:41:32 2026", "Nov 23 07:41:32.000",
        "1795419692",  // the same moment in seconds since 1970
        "1795419692.000000"}) {
    EXPECT_DOUBLE_EQ(seconds(asked, logged), 2) << logged;
  }
  EXPECT_DOUBLE_EQ(seconds(asked, "Nov  3 07:41:32"), 2 - 20.0 * 86400);
  EXPECT_NEAR(seconds(asked, "2026-11-23T07:41:30.25Z"), 0.25, 1e-9);
}

TEST(ParseWall, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", " ", "yesterday", "2026-13-01", "2026-11-32", "2026-11-23T", "Nov", "Nov 23 25:00:00",
        "2026-11-23 07:61", "12", "2026-11-23 07:41 +", "99999999999999999999", "[]",
        "Smarch 1 00:00:00", "2026-11-23 07:41 or so", "2026-", "::"}) {
    EXPECT_FALSE(logtext::parse_wall(text)) << text;
  }
}

TEST(ParseWall, MicrosecondsOfTheJournal) {
  const auto wall = logtext::parse_wall("1795419692500000");
  ASSERT_TRUE(wall);
  EXPECT_EQ(wall->year, 2026);
  EXPECT_EQ(wall->offset_seconds, 0);
  EXPECT_NEAR(seconds("1795419692", "1795419692500000"), 0.5, 1e-6);
}

TEST(ParseWhen, SecondsSinceBoot) {
  report::Time time;
  time.monotonic_us = 12'500'000;
  for (const char* text : {"12.3", "[12.3]", "[   12.3]", " 12.3 "}) {
    const auto when = parse_when(text, 0);
    ASSERT_TRUE(when) << text;
    EXPECT_NEAR(seconds_after(*when, time).value_or(-1), 0.2, 1e-9) << text;
  }
  // A wall clock says nothing about seconds since boot.
  EXPECT_FALSE(seconds_after(*parse_when("2026-11-23", 0), time));
  time.monotonic_us.reset();
  EXPECT_FALSE(seconds_after(*parse_when("12", 0), time));
}

void in_utc() {
  setenv("TZ", "UTC", 1);
  tzset();
}

TEST(ParseWhen, BeforeNow) {
  in_utc();
  EXPECT_DOUBLE_EQ(seconds("-2h", "2026-11-23T05:41:33Z"), 1);
  EXPECT_DOUBLE_EQ(seconds("-90s", "Nov 23 07:40:02"), 0);
  EXPECT_DOUBLE_EQ(seconds("-1d", "2026-11-22 07:41:32"), 0);
  EXPECT_DOUBLE_EQ(seconds("-1w", "2026-11-16 07:41:32"), 0);
  for (const char* text :
       {"-", "-h", "-2", "-2y", "-2hh", "--2h", "-99999999999999999999s", "-99999999999w"}) {
    EXPECT_FALSE(parse_when(text, 0)) << text;
  }
}

TEST(SecondsAfter, ZonesCountWhenBothHaveOne) {
  EXPECT_DOUBLE_EQ(seconds("2026-11-23T07:41:32Z", "2026-11-23T08:41:32+01:00"), 0);
  EXPECT_DOUBLE_EQ(seconds("2026-11-23T07:41:32-0500", "2026-11-23T12:41:33Z"), 1);
  // Otherwise both stand as they are.
  EXPECT_DOUBLE_EQ(seconds("2026-11-23T07:41:32", "2026-11-23T07:41:32+01:00"), 0);
}

TEST(SecondsAfter, WithoutAYearTheNearerSideOfNewYear) {
  EXPECT_DOUBLE_EQ(seconds("2026-12-31 23:59:59", "Jan  1 00:00:01"), 2);
  EXPECT_DOUBLE_EQ(seconds("2027-01-01 00:00:01", "Dec 31 23:59:59"), -2);
  EXPECT_DOUBLE_EQ(seconds("Dec 31 23:59:59", "Jan  1 00:00:01"), 2);
  EXPECT_DOUBLE_EQ(seconds("2024-02-28", "Mar  1 00:00:00"), 2.0 * 86400);
}

TEST(ParseWhen, WordsOfPeople) {
  in_utc();
  // 2026-11-23 07:41:32
  EXPECT_DOUBLE_EQ(seconds("today", "2026-11-23T00:00:05Z"), 5);
  EXPECT_DOUBLE_EQ(seconds("yesterday", "2026-11-22T00:00:05Z"), 5);
  EXPECT_DOUBLE_EQ(seconds("05:00", "2026-11-23T05:00:05Z"), 5);
  EXPECT_DOUBLE_EQ(seconds("05:00:03", "2026-11-23T05:00:05Z"), 2);
  EXPECT_DOUBLE_EQ(seconds("2 days ago", "2026-11-21T07:41:33Z"), 1);
  EXPECT_DOUBLE_EQ(seconds("1 hour ago", "2026-11-23T06:41:33Z"), 1);
  EXPECT_DOUBLE_EQ(seconds("90 min ago", "2026-11-23T06:11:33Z"), 1);
  EXPECT_DOUBLE_EQ(seconds("last night", "2026-11-22T18:00:05Z"), 5);
  EXPECT_DOUBLE_EQ(seconds("last week", "2026-11-16T07:41:33Z"), 1);
  for (const char* text :
       {"tomorrow", "25:00", "05:0", "5 ago", "days ago", "-5 days ago", "ago"}) {
    EXPECT_FALSE(parse_when(text, 1'795'419'692)) << text;
  }
}

}  // namespace
}  // namespace whyoom::app
