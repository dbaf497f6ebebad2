#include "report/log_reader.h"

#include <gtest/gtest.h>

#include "report/fingerprint.h"
#include "report/same_event.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;
using testing::describe;
using testing::read_log;
using testing::sample_report;

std::string filler(int lines, int first = 0) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    text += "[  900." + std::to_string(100000 + first + i) + "] usb 1-1: new device number " +
            std::to_string(i) + "\n";
  }
  return text;
}

std::vector<std::string> described(const std::vector<Report>& events) {
  std::vector<std::string> all;
  for (const auto& event : events) {
    all.push_back(describe(event));
  }
  return all;
}

// As a file is read that is mapped: it is looked at in windows, and fed where that is not enough.
testing::Result read_in_windows(std::string_view text, std::size_t window, std::size_t chunk) {
  testing::Result result;
  LogReader reader("log", [&](Report&& report) { result.events.push_back(std::move(report)); });
  for (std::size_t at = 0; at < text.size();) {
    std::size_t passed = reader.pass_over(text.substr(at, window));
    if (passed == 0) {
      passed = std::min(chunk, text.size() - at);
      reader.feed(text.substr(at, passed));
    }
    at += passed;
  }
  result.account = reader.finish();
  return result;
}

void expect_same_account(const InputAccount& account, const InputAccount& expected) {
  EXPECT_EQ(account.bytes, expected.bytes);
  EXPECT_EQ(account.lines, expected.lines);
  EXPECT_EQ(account.copies, expected.copies);
  EXPECT_EQ(account.binary, expected.binary);
  ASSERT_EQ(account.damage.size(), expected.damage.size());
  for (std::size_t i = 0; i < expected.damage.size(); ++i) {
    EXPECT_EQ(account.damage[i].line, expected.damage[i].line);
    EXPECT_EQ(account.damage[i].what, expected.damage[i].what);
  }
}

void expect_same_in_windows(const std::string& text) {
  const auto straight = read_log(text);
  for (const std::size_t window :
       {std::size_t{4096}, std::size_t{100'000}, std::size_t{4} << 20U}) {
    for (const std::size_t chunk : {std::size_t{500}, std::size_t{1} << 20U}) {
      SCOPED_TRACE(std::to_string(window) + ", " + std::to_string(chunk));
      const auto result = read_in_windows(text, window, chunk);
      EXPECT_EQ(described(result.events), described(straight.events));
      for (std::size_t i = 0; i < std::min(result.events.size(), straight.events.size()); ++i) {
        EXPECT_EQ(result.events[i].first_line, straight.events[i].first_line);
      }
      expect_same_account(result.account, straight.account);
    }
  }
}

void expect_same_for_all_chunks(const std::string& text, bool small_chunks) {
  const auto straight = described(assemble(text));
  for (const std::size_t chunk :
       {std::size_t{0}, std::size_t{4096}, std::size_t{7}, std::size_t{1}}) {
    if (chunk > 0 && chunk < 100 && !small_chunks) {
      continue;
    }
    SCOPED_TRACE(chunk);
    EXPECT_EQ(described(read_log(text, chunk).events), straight);
  }
  expect_same_in_windows(text);
}

TEST(LogReader, ReadsAReportAtAnyChunkSize) {
  const std::string log = filler(10) + sample_report() + filler(10, 10);
  for (const std::size_t chunk : {0UL, 1UL, 7UL, 4096UL}) {
    const auto result = read_log(log, chunk);
    ASSERT_EQ(result.events.size(), 1U);
    EXPECT_EQ(result.events[0].first_line, 11U);
    EXPECT_EQ(result.account.bytes, log.size());
    EXPECT_EQ(result.account.lines, 67U);
    EXPECT_FALSE(result.account.binary);
  }
}

TEST(LogReader, LineNumbersAreExactBehindSkippedStretches) {
  const std::string log = filler(20000) + sample_report() + filler(30000) + sample_report();
  const auto result = read_log(log, 65536);
  ASSERT_EQ(result.events.size(), 1U);  // the second is a copy by its times
  EXPECT_EQ(result.account.copies, 1U);
  EXPECT_EQ(result.events[0].first_line, 20001U);
  EXPECT_EQ(result.events[0].zones[0].at.line, 20022U);
  EXPECT_EQ(result.account.lines, 50000U + 2 * 47);
}

TEST(LogReader, CountsLinesBeyond32Bits) {
  std::vector<Report> events;
  LogReader reader("log", [&](Report&& report) { events.push_back(std::move(report)); });
  constexpr LineNumber before = (LineNumber{1} << 32U) + 5;
  reader.skip_lines(before);
  reader.feed(filler(10) + sample_report());
  const InputAccount account = reader.finish();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].first_line, before + 11);
  EXPECT_EQ(events[0].zones[0].at.line, before + 32);
  EXPECT_EQ(account.lines, before + 57);
}

TEST(LogReader, MarksAllEventsOfASourceThatOthersCanWrite) {
  std::vector<Report> events;
  LogReader reader("log", [&](Report&& report) { events.push_back(std::move(report)); });
  reader.distrust(Message("everybody can write {}", "log"));
  reader.feed(sample_report());
  reader.finish();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].unverified.str(), "everybody can write log");
}

TEST(LogReader, SkippingChangesNothing) {
  std::string log = filler(3000) + sample_report() + filler(5000);
  std::string second = sample_report();
  for (std::size_t at = second.find("812."); at != std::string::npos;
       at = second.find("812.", at)) {
    second.replace(at, 3, "922");
  }
  log += second + filler(2000);
  log += "[  990.000001] cgroup: fork rejected by pids controller in /app\n";
  log += filler(2000) +
         "Nov 23 07:41:32 host systemd-oomd[7]: Killed /a.scope due to memory "
         "pressure for /a being 72.10% > 60.00% for > 20s with reclaim activity\n";
  expect_same_for_all_chunks(log, true);
  EXPECT_EQ(read_log(log).events.size(), 4U);
}

// What is skipped is looked through piece by piece, whatever the chunks.
TEST(LogReader, NothingIsLostWhereTwoPiecesMeet) {
  const std::string before = filler(3000);
  for (std::size_t longer = 0; longer < 33'000; longer += longer < 120 ? 1 : 61) {
    const std::string log = before + std::string(longer, 'x') + "\n" + sample_report() + before;
    const auto result = read_log(log);
    ASSERT_EQ(result.events.size(), 1U) << longer;
    ASSERT_EQ(result.events[0].first_line, 3002U) << longer;
    ASSERT_EQ(result.account.lines, 6048U) << longer;
  }
}

TEST(LogReader, LongLinesAreSkippedToo) {
  std::string log = filler(3000);
  for (int i = 0; i < 100; ++i) {
    log += std::string(static_cast<std::size_t>(i) * 997, 'x') + "\n";
  }
  const auto result = read_log(log + sample_report(), 65536);
  ASSERT_EQ(result.events.size(), 1U);
  EXPECT_EQ(result.events[0].first_line, 3101U);
  EXPECT_EQ(result.account.damage.size(), 0U);
}

TEST(LogReader, SkippingChangesNothingInRealLogs) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    if (entry.is_directory()) {
      SCOPED_TRACE(entry.path().filename().string());
      const std::string text = test::read_file(entry.path() / "console.log");
      expect_same_for_all_chunks(filler(3000) + text + filler(3000), text.size() < 25000);
    }
  }
}

TEST(LogReader, CopyWithoutTimesCountsOnce) {
  std::string plain;
  for (const auto& line : testing::split(sample_report(), '\n')) {
    plain += line.size() > 15 ? line.substr(15) + "\n" : "";
  }
  const auto result = read_log(sample_report() + filler(300) + plain);
  EXPECT_EQ(result.events.size(), 1U);
  EXPECT_EQ(result.account.copies, 1U);
}

std::string doubled(const std::string& text, const std::string& before = "") {
  std::string all;
  for (std::size_t at = 0; at < text.size();) {
    const std::string line = text.substr(at, text.find('\n', at) + 1 - at);
    all += line + before + line;
    at += line.size();
  }
  return all;
}

// Two loggers write one file.
TEST(LogReader, LinesThatStandTwiceCountOnce) {
  const std::string log = filler(3) + sample_report();
  const auto once = read_log(log);
  const auto twice = read_log(doubled(log));
  ASSERT_EQ(twice.events.size(), 1U);
  EXPECT_EQ(count_facts(twice.events[0]), count_facts(once.events[0]));
  EXPECT_FALSE(twice.events[0].mixed_at);
  ASSERT_EQ(twice.account.damage.size(), once.account.damage.size() + 1);
  EXPECT_EQ(twice.account.damage.back().line, 2U);
  EXPECT_EQ(read_log(doubled(log, "host-2 kernel: ")).events.size(), 2U);
}

TEST(LogReader, SecondReportLikeTheFirstIsNoCopy) {
  std::string later = sample_report();
  for (std::size_t at = later.find("  812."); at != std::string::npos;
       at = later.find("  812.", at)) {
    later.replace(at, 5, "  813");
  }
  EXPECT_EQ(read_log(sample_report() + later).events.size(), 2U);
}

TEST(LogReader, CopiesInTwoFilesCountOnce) {
  Fingerprints seen;
  int events = 0;
  int copies = 0;
  for (const char* name : {"a", "b"}) {
    LogReader reader(
        name, [&](Report&& report) { ++(seen.is_copy(report) ? copies : events); },
        LogReader::Copies::handed_on);
    reader.feed(sample_report());
    EXPECT_EQ(reader.finish().copies, 0U);
  }
  EXPECT_EQ(events, 1);
  EXPECT_EQ(copies, 1);
}

TEST(LogReader, TaskRowsAloneAreAnEventAtTheStartOfALog) {
  std::string rows;
  for (int i = 0; i < 5; ++i) {
    rows += "[  900.00000" + std::to_string(i) + "] [ 684" + std::to_string(i) + "]    26 684" +
            std::to_string(i) + "    75887     7530   368640        0           999 postgres\n";
  }
  const auto start = read_log(rows + filler(3000));
  ASSERT_EQ(start.events.size(), 1U);
  EXPECT_EQ(start.events[0].tasks.size(), 5U);
  EXPECT_EQ(start.events[0].tasks[0].pgtables_bytes, 368640U);
  expect_same_for_all_chunks(filler(3000) + rows + filler(3000), true);
  EXPECT_TRUE(read_log(filler(3000) + rows + filler(3000)).events.empty());
}

TEST(LogReader, QuietPipeShowsWhatIsOpen) {
  std::vector<Report> events;
  LogReader reader("-", [&](Report&& report) { events.push_back(std::move(report)); });
  reader.feed(sample_report());
  EXPECT_TRUE(events.empty());
  reader.idle();
  EXPECT_EQ(events.size(), 1U);
  reader.feed(filler(5));
  EXPECT_EQ(reader.finish().lines, 52U);
  EXPECT_EQ(events.size(), 1U);
}

TEST(LogReader, OverlongLineIsCutAndCounted) {
  const std::string log = filler(2) + std::string(3 << 20, 'x') + "\n" + sample_report();
  for (const std::size_t chunk : {0UL, 4096UL, 1UL << 20}) {
    const auto result = read_log(log, chunk);
    ASSERT_EQ(result.events.size(), 1U);
    EXPECT_EQ(result.events[0].first_line, 4U);
    ASSERT_FALSE(result.account.damage.empty());
    EXPECT_EQ(result.account.damage[0].line, 3U);
  }
}

TEST(LogReader, WindowsOfAFileSayTheSame) {
  const std::string before = filler(4000);
  const std::string long_line(std::size_t{3} << 19U, 'x');
  const std::string hole(std::size_t{9} << 18U, '\0');
  for (const std::string& between : {std::string(), filler(300), filler(40'000), long_line + "\n",
                                     hole, hole + "\n", filler(3000) + hole + filler(3000)}) {
    std::string log = before + sample_report() + between + sample_report() + between +
                      "[  990.000001] cgroup: fork rejected by pids controller in /app\n" + before;
    expect_same_in_windows(log);
    log.pop_back();
    expect_same_in_windows(log);
    expect_same_in_windows(log + between);
  }
}

TEST(LogReader, WhatIsPassedOverIsNotFed) {
  const std::string log = filler(40'000);
  LogReader reader("log", [](Report&&) {});
  EXPECT_EQ(reader.pass_over(log), 0U);  // the start is read
  reader.feed(log);
  EXPECT_EQ(reader.pass_over(log), log.size());
  EXPECT_EQ(reader.pass_over(log + sample_report()), log.size());
  EXPECT_EQ(reader.pass_over(sample_report()), 0U);
  EXPECT_EQ(reader.finish().lines, 120'000U);
}

TEST(LogReader, TellsBinaryFromText) {
  std::string bytes;
  for (int i = 0; i < 100000; ++i) {
    bytes += static_cast<char>(i * 37 % 256);
  }
  EXPECT_TRUE(read_log(bytes).account.binary);
  EXPECT_FALSE(read_log("").account.binary);
  EXPECT_FALSE(read_log(filler(100)).account.binary);
  // NUL bytes in a log that a crash left behind do not hide the event.
  EXPECT_FALSE(read_log(std::string(4096, '\0') + "\n" + sample_report()).account.binary);
}

TEST(LogReader, LastLineNeedsNoNewline) {
  std::string log = sample_report();
  log.pop_back();
  const auto result = read_log(log);
  ASSERT_EQ(result.events.size(), 1U);
  EXPECT_TRUE(result.events[0].victims[0].reaped);
  EXPECT_EQ(result.account.lines, 47U);
}

}  // namespace
}  // namespace whyoom::report
