#include "linux/input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace whyoom::linux {
namespace {

class InputTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "whyoom-input-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }

  std::string text_;
  int quiet_ = 0;
  InputSink sink_{.data = [this](std::string_view piece) { text_ += piece; },
                  .quiet = [this] { ++quiet_; },
                  .stop = nullptr};
  std::filesystem::path folder_;
};

TEST_F(InputTest, ReadsAFile) {
  const std::string content(1'000'000, 'x');
  std::ofstream(path("log")) << content;
  const auto result = read_input(path("log"), sink_);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->damage, "");
  EXPECT_TRUE(text_ == content);
  EXPECT_EQ(quiet_, 0);
}

TEST_F(InputTest, AFileOfOneByteThatCouldBeCompressedIsText) {
  std::ofstream(path("log")) << "(";
  ASSERT_TRUE(read_input(path("log"), sink_));
  EXPECT_EQ(text_, "(");
}

TEST_F(InputTest, SaysWhatIsWrong) {
  EXPECT_EQ(read_input(path("none"), sink_).error(), "No such file or directory");
  EXPECT_EQ(read_input(folder_.string(), sink_).error(), "Is a directory");
}

TEST_F(InputTest, SaysThatItMayNotRead) {
  if (geteuid() == 0) {
    GTEST_SKIP() << "root may read everything";
  }
  std::ofstream(path("log")) << "x";
  ASSERT_EQ(chmod(path("log").c_str(), 0), 0);
  EXPECT_EQ(read_input(path("log"), sink_).error(), "Permission denied");
}

TEST_F(InputTest, AQuietPipeIsToldOnce) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  std::string seen_when_quiet;
  sink_.quiet = [&] {
    ++quiet_;
    seen_when_quiet = text_;
  };
  std::thread writer([this] {
    std::ofstream pipe(path("pipe"));
    pipe << "first\n" << std::flush;
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    pipe << "second\n";
  });
  const auto result = read_input(path("pipe"), sink_);
  writer.join();
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(text_, "first\nsecond\n");
  EXPECT_EQ(quiet_, 1);
  EXPECT_EQ(seen_when_quiet, "first\n");
}

TEST_F(InputTest, StopsWhenNobodyWantsMore) {
  sink_.stop = [this] { return !text_.empty(); };
  ASSERT_TRUE(read_input("/dev/zero", sink_));  // would not end otherwise
  EXPECT_FALSE(text_.empty());
}

}  // namespace
}  // namespace whyoom::linux
