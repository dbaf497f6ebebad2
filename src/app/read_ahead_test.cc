#include "app/read_ahead.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

#include "report/line_order.h"

namespace whyoom::app {
namespace {

class ReadAheadTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "whyoom-ahead-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    paths_.push_back(path);
    return path;
  }

  // Logs with none, some and many events (in one of them more than wait for their turn), behind
  // lines that are skipped and lines that are not.
  void many_logs(std::size_t count) {
    std::minstd_rand random(31);
    unsigned second = 100;
    for (std::size_t i = 0; i < count; ++i) {
      std::string text;
      for (std::size_t event = 0, n = i == 5              ? 5500
                                      : random() % 4 == 0 ? 300
                                                          : random() % 4;
           event < n; ++event) {
        for (std::size_t line = i != 5 && random() % 3 == 0 ? random() % 1500 : 0; line > 0;
             --line) {
          text += "[  900.100000] usb 1-1: new device number 4 using xhci_hcd\n";
        }
        const std::string number = std::to_string(++second);
        text += "[" + number + ".000001] java invoked oom-killer: gfp_mask=0x140dca, order=0\n[" +
                number + ".000002] Out of memory: Killed process " + number +
                " (java) total-vm:4096kB, anon-rss:1024kB, file-rss:0kB\n";
      }
      file(std::to_string(i), text);
    }
  }

  static ReadAhead::Sink sink(
      report::LogReader::Sink found, std::function<bool()> stop = [] { return false; }) {
    return {.found = std::move(found),
            .quiet = [] {},
            .stop = std::move(stop),
            .progress = [](std::uint64_t) {}};
  }

  // What all logs say, in order; `threads` and the program's choice of them aside.
  std::vector<std::string> told_with(std::size_t threads) {
    const auto inputs = *linux::open_inputs(paths_, linux::SandboxChoice::off);
    linux::Workers workers;
    workers.start(threads);
    ReadAhead logs(inputs, workers);
    std::vector<std::string> told;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto log = logs.read(
          i, {.found =
                  [&](report::Report&& report) {
                    told.push_back(report.source + ":" + std::to_string(report.first_line));
                  },
              .quiet = [&] { told.emplace_back("quiet"); },
              .stop = [] { return false; },
              .progress = [](std::uint64_t) {}});
      told.push_back(std::to_string(log.account.lines) + " lines, " +
                     (log.result ? *log.result : log.result.error()));
    }
    return told;
  }

  std::filesystem::path folder_;
  std::vector<std::string> paths_;
};

TEST_F(ReadAheadTest, AnyNumberOfThreadsSaysTheSame) {
  many_logs(20);
  paths_.insert(paths_.begin() + 7, folder_ / "none");
  paths_.insert(paths_.begin() + 15, folder_.string());
  const auto straight = told_with(0);
  EXPECT_GT(straight.size(), 5500U);
  for (const std::size_t threads : {1U, 2U, 3U, 8U}) {
    EXPECT_EQ(told_with(threads), straight) << threads;
  }
}

// Large enough to be mapped, where that is cheaper; with an event now and then.
TEST_F(ReadAheadTest, LargeFilesSayTheSameInAllWays) {
  std::string text;
  std::vector<std::string> expected;
  std::size_t lines = 0;
  while (text.size() < std::size_t{24} << 20U) {
    for (int i = 0; i < 20'000; ++i) {
      text += "[  900.100000] usb 1-1: new device number 4 using xhci_hcd\n";
    }
    const std::string number = std::to_string(1000 + ++lines);
    text += "[" + number + ".000002] Out of memory: Killed process " + number +
            " (java) total-vm:4096kB, anon-rss:1024kB, file-rss:0kB\n";
    expected.push_back(":" + std::to_string(lines * 20'001));
  }
  const std::string path = file("large", text);
  for (std::string& event : expected) {
    event = path + event;
  }
  expected.push_back(std::to_string(lines * 20'001) + " lines, ");
  for (const std::size_t threads : {0U, 1U}) {
    EXPECT_EQ(told_with(threads), expected) << threads;
  }
}

// As web consoles give it: it says the same as the other way round.
TEST_F(ReadAheadTest, ALogWithItsNewestLineFirstIsReadFromItsEnd) {
  std::string text;
  for (int second = 100; second < 130; second += 10) {
    const std::string number = std::to_string(second);
    text += "[" + number + ".000001] java invoked oom-killer: gfp_mask=0x140dca, order=0\n[" +
            number + ".000002] Mem-Info:\n[" + number + ".000003] 4096 pages RAM\n[" + number +
            ".000004] Out of memory: Killed process 7 (java) total-vm:4096kB, anon-rss:1024kB\n";
  }
  file("oldest-first", text);
  const auto straight = told_with(0);
  ASSERT_EQ(straight.size(), 4U);
  paths_.clear();
  std::filesystem::remove(folder_ / "oldest-first");
  file("oldest-first", report::turned(text));
  for (const std::size_t threads : {0U, 1U}) {
    EXPECT_EQ(told_with(threads), straight) << threads;
  }
}

// Another writes to it and cuts it: what comes of it is any answer, but one comes.
TEST_F(ReadAheadTest, AFileMayChangeWhileItIsRead) {
  const std::string path = file("log", "");
  std::string text;
  while (text.size() < std::size_t{9} << 20U) {
    text += std::string(text.size() % 200, 'x') + "\n";
  }
  std::atomic<bool> ended = false;
  std::thread writer([&] {
    for (std::size_t round = 0; !ended; ++round) {
      std::ofstream(path) << text;
      std::filesystem::resize_file(path, round * 999'983 % text.size());
    }
  });
  for (unsigned round = 0; round < 40; ++round) {
    EXPECT_EQ(told_with(round % 2U).size(), 1U);
  }
  ended = true;
  writer.join();
}

TEST_F(ReadAheadTest, APipeIsReadWhenItIsItsTurn) {
  many_logs(3);
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  paths_.insert(paths_.begin() + 1, pipe);
  std::thread writer([&pipe] { std::ofstream(pipe) << "[    1.000001] nothing\n"; });
  const auto told = told_with(2);
  writer.join();
  EXPECT_EQ(std::ranges::count(told, "1 lines, "), 1);
}

TEST_F(ReadAheadTest, WhatIsThrownByOneLeavesTheOthers) {
  many_logs(10);
  const auto inputs = *linux::open_inputs(paths_, linux::SandboxChoice::off);
  linux::Workers workers;
  workers.start(2);
  ReadAhead logs(inputs, workers);
  std::size_t thrown = 0;
  std::size_t read = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    try {
      logs.read(i, sink([](report::Report&&) { throw std::runtime_error("no memory"); }));
      ++read;
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  EXPECT_GT(thrown, 0U);
  EXPECT_EQ(thrown + read, inputs.size());
}

TEST_F(ReadAheadTest, StopsWhenNobodyWantsMore) {
  many_logs(12);
  const auto inputs = *linux::open_inputs(paths_, linux::SandboxChoice::off);
  linux::Workers workers;
  workers.start(3);
  ReadAhead logs(inputs, workers);
  std::size_t events = 0;
  for (std::size_t i = 0; i < 4; ++i) {  // and the rest is never asked for
    logs.read(i, sink([&](report::Report&&) { ++events; }, [&] { return events > 0; }));
  }
  EXPECT_GT(events, 0U);
}

}  // namespace
}  // namespace whyoom::app
