#include "report/line_order.h"

#include <gtest/gtest.h>

namespace whyoom::report {
namespace {

bool newest_first(std::initializer_list<std::uint64_t> times) {
  LineOrder order;
  for (const std::uint64_t time : times) {
    logtext::Line line;
    line.framed = true;
    line.monotonic_us = time;
    order.see(line);
  }
  return order.newest_first();
}

TEST(LineOrder, GoesBackAllTheTime) {
  EXPECT_TRUE(newest_first({9, 9, 8, 7, 7, 6}));
  EXPECT_FALSE(newest_first({9, 8, 7})) << "too few";
  EXPECT_FALSE(newest_first({9, 8, 7, 6, 9})) << "lines of two that take turns";
  EXPECT_FALSE(newest_first({1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3})) << "restarts";
  EXPECT_TRUE(newest_first({20, 19, 18, 17, 16, 15, 14, 13, 30, 29, 28}))
      << "a restart in such a log";
}

TEST(LineOrder, OfWallClocks) {
  LineOrder order;
  for (const char* wall : {"Nov 20 03:00:09", "Nov 20 03:00:09", "Nov 20 03:00:08",
                           "Nov 20 02:59:59", "Nov 19 23:00:00", "2026-11-19T22:00:00Z"}) {
    logtext::Line line;
    line.framed = true;
    line.wall = wall;
    order.see(line);
    line.continued = true;
    line.wall = "Dec 31 00:00:00";
    order.see(line);
  }
  EXPECT_TRUE(order.newest_first());
}

}  // namespace
}  // namespace whyoom::report
