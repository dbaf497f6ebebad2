#include "linux/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace whyoom::linux {
namespace {

TEST(Output, WritesWhatItWasGiven) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  {
    Output out(ends[1]);
    out.write("one ");
    out.write("two");
  }
  close(ends[1]);
  std::array<char, 64> buffer{};
  const ssize_t got = read(ends[0], buffer.data(), buffer.size());
  close(ends[0]);
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(got)), "one two");
}

TEST(Output, MessagesHoldNothingThatDrivesATerminal) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  {
    Output errors(ends[1], Output::Kind::messages);
    errors.write("whyoom: a\x1b[2J\xe2\x80\xae\n  b\r\n");
    errors.write("[y/N] ");
    errors.write_rendered("\x1b[1m+\tx\x1b[0m\n");
  }
  close(ends[1]);
  std::array<char, 128> buffer{};
  const ssize_t got = read(ends[0], buffer.data(), buffer.size());
  close(ends[0]);
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(got)),
            "whyoom: a\\x1b[2J\\xe2\\x80\\xae\n  b\\x0d\n[y/N] \x1b[1m+\tx\x1b[0m\n");
}

TEST(Output, AReaderThatLeavesIsNoError) {
  ignore_signals_of_writing();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  Output out(ends[1]);
  out.write("text");
  EXPECT_FALSE(out.closed());
  out.flush();
  EXPECT_TRUE(out.closed());
  EXPECT_EQ(out.error(), "");
  close(ends[1]);
}

TEST(Output, AFullDiskIsAnError) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) {
    GTEST_SKIP() << "no /dev/full here";
  }
  Output out(full);
  out.write("text");
  out.flush();
  EXPECT_TRUE(out.closed());
  EXPECT_EQ(out.error(), "No space left on device");
  close(full);
}

// The next file that is opened would get the number, and the messages.
TEST(Output, AClosedDescriptorIsTakenByNoFile) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      close(fd);
    }
    const bool held = hold_standard_descriptors();
    char byte = 0;
    const bool closed = held && open("/dev/null", O_RDWR) > STDERR_FILENO &&
                        read(0, &byte, 1) < 0 && write(1, "x", 1) < 0 && write(2, "x", 1) < 0;
    _exit(closed ? 42 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42) << status;
}

}  // namespace
}  // namespace whyoom::linux
