#include "logtext/wall_distance.h"

#include <gtest/gtest.h>

namespace whyoom::logtext {
namespace {

std::optional<double> apart(std::string_view from, std::string_view to) {
  return seconds_between(from, to);
}

TEST(WallDistance, ComparesWhatBothTell) {
  EXPECT_EQ(apart("Nov 23 07:41:32", "Nov 23 07:41:33"), 1.0);
  EXPECT_EQ(apart("Jan  9 14:40:51", "Feb 17 08:00:02"), 39 * 86400.0 - 24049.0);
  EXPECT_EQ(apart("Dec 31 23:59:59", "Jan  1 00:00:01"), 2.0);
  EXPECT_EQ(apart("Jan  1 00:00:01", "Dec 31 23:59:59"), -2.0);
  EXPECT_EQ(apart("2025-12-31 23:59:59", "Jan  1 00:00:01"), 2.0);
  EXPECT_EQ(apart("Dec 31 23:59:59", "2026-01-01 00:00:01"), 2.0);
  EXPECT_EQ(apart("2026-11-23T07:41:32+01:00", "2026-11-23T07:41:32+00:00"), 3600.0);
  EXPECT_EQ(apart("Mon Jan  5 02:11:09 2026", "Tue Feb 17 08:00:02 2026"),
            43 * 86400.0 + 5 * 3600 + 48 * 60 + 53);
  EXPECT_EQ(apart("", "Nov 23 07:41:32"), std::nullopt);
}

}  // namespace
}  // namespace whyoom::logtext
