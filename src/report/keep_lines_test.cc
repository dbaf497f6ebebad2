#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "report/event_merge.h"
#include "report/log_reader.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::sample_report;

std::vector<Report> read(std::string_view text, bool keep, std::size_t chunk = 4096) {
  std::vector<Report> events;
  LogReader reader("log", [&](Report&& report) { events.push_back(std::move(report)); });
  if (keep) {
    reader.keep_lines();
  }
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    reader.feed(text.substr(at, chunk));
  }
  reader.finish();
  return events;
}

// All that is kept under that number.
std::string kept(const Report& report, LineNumber number) {
  std::string text;
  for (const LogLine& line : report.lines) {
    if (line.number == number) {
      text += (text.empty() ? "" : "\n") + line.text;
    }
  }
  return text;
}

std::string other_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "[    1.000000] usb 1-1: new device number " + std::to_string(i) + "\n";
  }
  return text;
}

TEST(KeepLines, OnlyWhereTheyAreAskedFor) {
  const auto events = read(sample_report(), false);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].lines.empty());
}

TEST(KeepLines, UnderTheNumbersThatTheReportHas) {
  // Behind what is skipped, and in pieces that cut lines.
  const std::string log = other_lines(3000) + sample_report() + other_lines(10);
  for (const std::size_t chunk : {std::size_t{1} << 20U, std::size_t{4096}, std::size_t{7}}) {
    const auto events = read(log, true, chunk);
    ASSERT_EQ(events.size(), 1U);
    const Report& report = events[0];
    ASSERT_FALSE(report.lines.empty());
    EXPECT_EQ(report.lines.front().number, report.first_line);
    EXPECT_NE(report.lines.front().text.find("invoked oom-killer: gfp_mask="), std::string::npos);
    ASSERT_FALSE(report.zones.empty());
    for (const Zone& zone : report.zones) {
      EXPECT_NE(kept(report, zone.at.line).find(zone.name + " free:"), std::string::npos)
          << zone.name;
    }
    ASSERT_FALSE(report.victims.empty());
    EXPECT_NE(kept(report, report.victims[0].at.line).find("Killed process"), std::string::npos);
    for (const Task& task : report.tasks) {
      EXPECT_TRUE(kept(report, task.line).ends_with(task.comm));
    }
  }
}

// What is kept under the first number of the only event.
std::string kept_of(std::string_view text) {
  const auto events = read(text, true);
  EXPECT_EQ(events.size(), 1U);
  return events.empty() ? std::string() : kept(events[0], 1);
}

TEST(KeepLines, WithoutWhatCarriesThem) {
  EXPECT_EQ(kept_of("Nov 23 07:41:32 web1 kernel: [    9.0] Out of memory: Killed process 7 (hog) "
                    "total-vm:9000kB, anon-rss:5000kB, file-rss:0kB\n"),
            "Out of memory: Killed process 7 (hog) total-vm:9000kB, anon-rss:5000kB, file-rss:0kB");
}

TEST(KeepLines, OfALineThatWasWrappedAllOfIt) {
  const std::string text = kept_of(
      "[    9.0] Out of memory: Killed process 7 (hog) total-vm:9000kB,\n"
      "anon-rss:5000kB, file-rss:0kB\n");
  EXPECT_TRUE(text.ends_with("anon-rss:5000kB, file-rss:0kB")) << text;
}

TEST(KeepLines, OfTwoMachinesInOneLogEachItsOwn) {
  const auto line = [](const std::string& host, const std::string& text) {
    return "Nov 23 07:41:32 " + host + " kernel: [    9.0] " + text + "\n";
  };
  const auto events = read(
      line("a", "x invoked oom-killer: gfp_mask=0x140dca, order=0") +
          line("b", "y invoked oom-killer: gfp_mask=0x140dca, order=0") +
          line("a",
               "Out of memory: Killed process 7 (x) total-vm:9kB, anon-rss:5kB, file-rss:0kB") +
          line("b", "Out of memory: Killed process 8 (y) total-vm:9kB, anon-rss:5kB, file-rss:0kB"),
      true);
  ASSERT_EQ(events.size(), 2U);
  for (const Report& report : events) {
    ASSERT_EQ(report.lines.size(), 2U);
    EXPECT_EQ(report.lines[0].number + 2, report.lines[1].number);
  }
}

TEST(KeepLines, OfEventsOfSingleLines) {
  const auto events = read(
      "[    1.0] cgroup: fork rejected by pids controller in /a\n"
      "[    2.0] __vm_enough_memory: pid: 7, comm: x, bytes: 9 not enough memory for the "
      "allocation\n"
      "[    3.0] __vm_enough_memory: pid: 8, comm: x, bytes: 9 not enough memory for the "
      "allocation\n",
      true);
  ASSERT_EQ(events.size(), 2U);
  for (const Report& report : events) {
    const bool fork = report.fork_rejected.has_value();
    EXPECT_EQ(report.lines.size(), fork ? 1U : 2U);
    EXPECT_EQ(report.lines.front().number, fork ? 1U : 2U);
  }
}

TEST(KeepLines, OfTheKeyThatAskedForIt) {
  const auto events = read(
      "[    1.0] sysrq: Manual OOM execution\n"
      "[    1.1] kworker/0:1 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, "
      "oom_score_adj=0\n"
      "[    1.2] Out of memory: Killed process 7 (x) total-vm:9kB, anon-rss:5kB, file-rss:0kB\n",
      true);
  ASSERT_EQ(events.size(), 1U);
  ASSERT_TRUE(events[0].sysrq_at);
  EXPECT_EQ(kept(events[0], events[0].sysrq_at->line), "sysrq: Manual OOM execution");
}

TEST(KeepLines, NoMoreThanThereIsRoomFor) {
  std::string log = "[    9.0] x invoked oom-killer: gfp_mask=0x140dca, order=0, " +
                    std::string(100000, 'y') +
                    "\n[    9.0] Tasks state (memory values in pages):\n" +
                    "[    9.0] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
                    "oom_score_adj name\n";
  for (int i = 1; i <= 20000; ++i) {
    const std::string pid = std::to_string(i);
    log += "[    9.0] [" + pid + "]     0 " + pid + "     9     5    90    0    0 x\n";
  }
  log += "[    9.1] Out of memory: Killed process 7 (x) total-vm:9kB, anon-rss:5kB, file-rss:0kB\n";
  const auto events = read(log, true);
  ASSERT_EQ(events.size(), 1U);
  const Report& report = events[0];
  EXPECT_EQ(report.tasks.size(), 20000U);
  EXPECT_LE(report.lines.size(), most_lines);
  EXPECT_LE(report.lines.front().text.size(), longest_line_text);
  // Behind a table of any length there is room.
  EXPECT_TRUE(kept(report, report.victims.at(0).at.line).starts_with("Out of memory: Killed"));
}

TEST(KeepLines, OfTwoCopiesThoseOfTheOneThatStays) {
  const std::string whole = sample_report();
  auto cut = read(whole.substr(0, whole.size() / 2), true);
  auto all = read(other_lines(5) + whole, true);
  ASSERT_EQ(cut.size(), 1U);
  ASSERT_EQ(all.size(), 1U);
  const std::size_t lines = all[0].lines.size();
  EventMerge merge;
  for (Report* report : {&cut[0], &all[0]}) {
    EventCopy copy;
    copy.report = std::move(*report);
    merge.add(std::move(copy));
  }
  const auto merged = merge.take();
  ASSERT_EQ(merged.size(), 1U);
  ASSERT_EQ(merged[0].report.lines.size(), lines);
  EXPECT_EQ(merged[0].report.lines.front().number, merged[0].report.first_line);
  EXPECT_GT(bytes_held(merged[0].report), lines * sizeof(LogLine));
}

}  // namespace
}  // namespace whyoom::report
