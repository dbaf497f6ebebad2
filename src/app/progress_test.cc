#include "app/progress.h"

#include <gtest/gtest.h>

namespace whyoom::app {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;

TEST(Progress, SaysHowFarAndHowFast) {
  EXPECT_EQ(progress_text(30 * mib, 120 * mib, 2, 3),
            "25 %, 30 MiB of 120 MiB, 15 MiB/s, 3 events, 6 s left");
  EXPECT_EQ(progress_text(30 * mib, 0, 2, 1), "30 MiB read, 15 MiB/s, 1 event");
  // It grew while it was read.
  EXPECT_EQ(progress_text(30 * mib, 20 * mib, 2, 0), "30 MiB read, 15 MiB/s, 0 events");
  EXPECT_EQ(progress_text(0, 0, 0, 0), "0 bytes read, 0 events");
}

}  // namespace
}  // namespace whyoom::app
