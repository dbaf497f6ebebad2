#include "linux/recorder/wakeups.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "linux/clock.h"

namespace whyoom::linux {
namespace {

// Each looks without waiting: as where a sample took longer than the time to the next one.
class WakeupsTest : public ::testing::Test {
 protected:
  ~WakeupsTest() override { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

  sigset_t before_ = [] {
    sigset_t mask;
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
    return mask;
  }();
  Wakeups wakeups_;
};

TEST_F(WakeupsTest, Signals) {
  EXPECT_FALSE(wakeups_.wait(0).signal);
  ::raise(SIGCHLD);
  EXPECT_TRUE(wakeups_.wait(0).signal);
  EXPECT_EQ(wakeups_.take_signal(), 0);
  EXPECT_FALSE(wakeups_.wait(0).signal);
  ::raise(SIGTERM);
  EXPECT_TRUE(wakeups_.wait(0).signal);
  EXPECT_EQ(wakeups_.take_signal(), SIGTERM);
}

TEST_F(WakeupsTest, TextsUntilTheyEndAndAreClosed) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  wakeups_.watch_texts(pipe[0]);
  EXPECT_FALSE(wakeups_.wait(0).text);
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  EXPECT_TRUE(wakeups_.wait(0).text);
  char taken = 0;
  ASSERT_EQ(::read(pipe[0], &taken, 1), 1);
  EXPECT_FALSE(wakeups_.wait(0).text);
  ::close(pipe[1]);
  EXPECT_TRUE(wakeups_.wait(0).text);
  ::close(pipe[0]);
  EXPECT_FALSE(wakeups_.wait(0).text);
}

// Such a file is no log of the kernel: it is let go, instead of waking all the time.
TEST_F(WakeupsTest, MessagesThatCannotBeRead) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ::close(pipe[1]);
  wakeups_.watch_messages(pipe[0]);
  EXPECT_FALSE(wakeups_.wait(0).message);
  const std::uint64_t began_ms = clock_ms(CLOCK_MONOTONIC);
  wakeups_.wait(20);
  EXPECT_GE(clock_ms(CLOCK_MONOTONIC) - began_ms, 19U);
  ::close(pipe[0]);
}

}  // namespace
}  // namespace whyoom::linux
