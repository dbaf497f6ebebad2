#include "base/calendar.h"

#include <gtest/gtest.h>

namespace whyoom {
namespace {

TEST(Calendar, DaysAndDatesAreEachOthers) {
  EXPECT_EQ(days_from_date({1970, 1, 1}), 0);
  EXPECT_EQ(days_from_date({1969, 12, 31}), -1);
  EXPECT_EQ(days_from_date({2000, 2, 29}), 11'016);
  EXPECT_EQ(date_from_days(20'780), (Date{2026, 11, 23}));
  for (std::int64_t day = -800'000; day < 800'000; day += 13) {
    ASSERT_EQ(days_from_date(date_from_days(day)), day);
  }
  for (std::int64_t day = -146'097; day < 146'097; ++day) {  // no day is left out
    const Date date = date_from_days(day);
    const Date next = date_from_days(day + 1);
    ASSERT_TRUE(next.day == date.day + 1 || next.day == 1) << day;
    ASSERT_TRUE(date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31) << day;
  }
}

}  // namespace
}  // namespace whyoom
