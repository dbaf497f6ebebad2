#include "linux/input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "linux/output.h"

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

  static std::vector<Input> open(const std::vector<std::string>& paths) {
    return std::move(*open_inputs(paths, SandboxChoice::off));
  }
  tl::expected<std::string, std::string> read(const std::string& path) {
    return open({path}).front().read(sink_);
  }

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
  const auto result = read(path("log"));
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(*result, "");
  EXPECT_TRUE(text_ == content);
  EXPECT_EQ(quiet_, 0);
}

TEST_F(InputTest, AFileOfOneByteThatCouldBeCompressedIsText) {
  std::ofstream(path("log")) << "(";
  ASSERT_TRUE(read(path("log")));
  EXPECT_EQ(text_, "(");
}

TEST_F(InputTest, SaysWhatIsWrong) {
  EXPECT_EQ(read(path("none")).error(), "No such file or directory");
  EXPECT_EQ(
      read(folder_.string()).error(),
      "it is a directory; name the files in it, or give it to --root when it is a copy of a host");
}

TEST_F(InputTest, SaysThatItMayNotRead) {
  if (geteuid() == 0) {
    GTEST_SKIP() << "root may read everything";
  }
  std::ofstream(path("log")) << "x";
  ASSERT_EQ(chmod(path("log").c_str(), 0), 0);
  EXPECT_EQ(read(path("log")).error(), "Permission denied");
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
  const auto result = read(path("pipe"));
  writer.join();
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(text_, "first\nsecond\n");
  EXPECT_EQ(quiet_, 1);
  EXPECT_EQ(seen_when_quiet, "first\n");
}

TEST_F(InputTest, StopsWhenNobodyWantsMore) {
  ignore_signals_of_writing();
  ASSERT_EQ(mkfifo(path("endless").c_str(), 0600), 0);
  std::thread writer([this] {
    std::ofstream pipe(path("endless"));
    const std::string line(4095, 'x');
    while (pipe << line << "\n") {  // until nobody reads
    }
  });
  sink_.stop = [this] { return !text_.empty(); };
  EXPECT_TRUE(read(path("endless")));
  writer.join();
  EXPECT_FALSE(text_.empty());
}

TEST_F(InputTest, ReadsNoDeviceWithoutAnEnd) { EXPECT_FALSE(read("/dev/zero")); }

// Who writes to them may write one after the other, and more than a pipe holds.
TEST_F(InputTest, PipesAreWaitedForInTheirOrder) {
  ASSERT_EQ(mkfifo(path("first").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(path("second").c_str(), 0600), 0);
  const std::string much(500'000, 'x');
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::ofstream(path("first")) << much;
    std::ofstream(path("second")) << "second\n";
  });
  for (const Input& input : open({path("first"), path("second")})) {
    EXPECT_FALSE(input.can_be_read_again());
    EXPECT_TRUE(input.read(sink_));
  }
  writer.join();
  EXPECT_TRUE(text_ == much + "second\n");
}

TEST_F(InputTest, ALookAtTheStartTakesNothingAway) {
  for (const std::size_t size : {std::size_t{1000}, std::size_t{3} << 20U}) {
    const std::string content(size, 'x');
    std::ofstream(path("log")) << content;
    const auto inputs = open({path("log")});
    ASSERT_TRUE(inputs.front().can_be_read_again());
    ASSERT_TRUE(inputs.front().read(
        {.data = [](std::string_view) {}, .quiet = nullptr, .stop = [] { return true; }}));
    for (int time = 0; time < 2; ++time) {
      text_.clear();
      ASSERT_TRUE(inputs.front().read(sink_));
      EXPECT_TRUE(text_ == content);
    }
  }
}

TEST_F(InputTest, SaysThatAFileBecameShorter) {
  std::ofstream(path("log")) << std::string(2'000'000, 'x');
  sink_.data = [this](std::string_view piece) {
    text_ += piece;
    ASSERT_EQ(truncate(path("log").c_str(), 5), 0);
  };
  const auto result = read(path("log"));
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(*result, "the file became shorter while it was read");
  EXPECT_FALSE(text_.empty());
}

TEST_F(InputTest, ReadsWhatIsAddedMeanwhile) {
  std::ofstream(path("log")) << std::string(2'000'000, 'x');
  sink_.data = [this](std::string_view piece) {
    if (text_.empty()) {
      std::ofstream(path("log"), std::ios::app) << "end";
    }
    text_ += piece;
  };
  const auto result = read(path("log"));
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(*result, "");
  EXPECT_TRUE(text_.ends_with("xend"));
}

// Whether it is mapped or read is decided by time: both say the same.
TEST_F(InputTest, WhatIsPassedOverAndWhatIsReadIsAllOfTheFile) {
  std::string content;
  for (int i = 0; content.size() < std::size_t{20} << 20U; ++i) {
    content += "line " + std::to_string(i) + "\n";
  }
  for (const std::size_t at_once : {std::size_t{0}, std::size_t{100'000}, content.size()}) {
    std::ofstream(path("log")) << content;
    text_.clear();
    sink_.pass_over = [&](std::string_view text) {
      text_ += text.substr(0, at_once);
      return std::min(at_once, text.size());
    };
    const auto inputs = open({path("log")});
    const auto result = inputs.front().read(sink_);
    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(*result, "");
    EXPECT_TRUE(text_ == content) << at_once;
    EXPECT_EQ(inputs.front().position(), content.size());
  }
}

TEST_F(InputTest, ACompressedFileIsNotPassedOver) {
  std::string content(std::size_t{9} << 20U, '\0');
  std::minstd_rand random(4);
  std::ranges::generate(content, [&] { return static_cast<char>(random() >> 8U); });
  std::ofstream(path("log")) << content;
  ASSERT_EQ(std::system(("gzip " + path("log")).c_str()), 0);
  sink_.pass_over = [](std::string_view text) {
    ADD_FAILURE();
    return text.size();
  };
  ASSERT_TRUE(read(path("log.gz")));
  EXPECT_TRUE(text_ == content);
}

TEST_F(InputTest, SaysThatALargeFileBecameShorter) {
  const std::size_t size = std::size_t{20} << 20U;
  for (const std::size_t left : {std::size_t{6'000'000}, size - 10}) {
    std::ofstream(path("log")) << std::string(size, 'x');
    const auto cut = [&] { ASSERT_EQ(truncate(path("log").c_str(), off_t(left)), 0); };
    std::size_t seen = 0;
    sink_.data = [&](std::string_view piece) {
      seen += piece.size();
      if (seen > 2'500'000) {
        cut();
      }
    };
    sink_.pass_over = [&](std::string_view text) {
      cut();
      const std::string copy(text);
      seen += copy.find_last_not_of('\0') + 1;
      return text.size();
    };
    const auto result = read(path("log"));
    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(*result, "the file became shorter while it was read");
    EXPECT_EQ(seen, left);
  }
}

TEST_F(InputTest, MoreFilesThanAProcessUsuallyHas) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  std::ofstream(path("log")) << "x";
  const std::vector<std::string> many(200, path("log"));
  rlimit few = before;
  few.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  for (const Input& input : open(many)) {
    const auto result = input.read(sink_);
    ASSERT_TRUE(result) << result.error();
  }
  EXPECT_EQ(text_, std::string(200, 'x'));
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace whyoom::linux
