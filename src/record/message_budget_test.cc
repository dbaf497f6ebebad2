#include "record/message_budget.h"

#include <gtest/gtest.h>

#include <string>

#include "record/sample.h"
#include "record/segment.h"

namespace whyoom::record {
namespace {

// Keeps its text.
struct Said {
  std::string text;
  KmsgLine line;
  explicit Said(const std::string& what) : text("4,1,1000,-;" + what) { line = *scan_kmsg(text); }
};

TEST(MessageBudget, AFloodOfADayIsSomeMegabytesAndASummaryEachTenSeconds) {
  constexpr std::uint64_t day_s = 86'400;
  const Said complaint("nvme nvme0: I/O 12 QID 3 timeout, aborting req_op:WRITE(1) size:131072");
  MessageBudget budget;
  Encoder encoder;
  std::uint64_t bytes = 0, kept = 0, told = 0, summaries = 0;
  for (std::uint64_t second = 0; second < day_s; ++second) {
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t now_ms = second * 1000 + static_cast<std::uint64_t>(i) * 50;
      // A hundred and more of them a moment; one stands for all, the others are counted.
      budget.lost(120, now_ms);
      if (budget.keep(complaint.line, now_ms)) {
        ++kept;
        bytes += complaint.text.size() + 40;
      }
      if (const auto summary = budget.summary(now_ms)) {
        ++summaries;
        told += summary->count;
        Note gap;
        gap.kind = Kind::kmsg_gap;
        gap.a = summary->count;
        gap.text = summary->example;
        bytes += encoder.note(gap).size();
      }
    }
  }
  if (const auto summary = budget.summary(day_s * 1000, true)) {
    told += summary->count;
  }
  // Each is kept or told.
  EXPECT_EQ(told + kept, day_s * 20 * 121);
  EXPECT_LE(summaries, day_s / 10);
  EXPECT_LE(bytes, MessageBudget::most_saved + day_s * (MessageBudget::bytes_a_second + 20));
}

TEST(MessageBudget, AnOomInAFloodIsKept) {
  MessageBudget budget;
  const Said noise(std::string(200, 'x'));
  while (budget.keep(noise.line, 1000)) {
  }
  EXPECT_FALSE(budget.keep(noise.line, 1000));
  EXPECT_TRUE(budget.keep(Said("java invoked oom-killer: gfp_mask=0x1, order=0").line, 1000));
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(budget.keep(Said("[  123]  0  123  100  50  4096  0  0 worker").line, 1100));
  }
  EXPECT_TRUE(budget.keep(Said("Out of memory: Killed process 123 (worker)").line, 1200));
  // It is for one report, not for what comes behind it.
  int kept = 0;
  while (budget.keep(noise.line, 1300)) {
    ++kept;
  }
  EXPECT_LT(kept, 300);
}

TEST(MessageBudget, WhoIsNotTheKernelGetsNoMore) {
  MessageBudget budget;
  const Said noise(std::string(200, 'x'));
  while (budget.keep(noise.line, 1000)) {
  }
  Said forged("java invoked oom-killer: gfp_mask=0x1, order=0");
  forged.line.priority = 12;  // facility 1: a program
  EXPECT_FALSE(budget.keep(forged.line, 1000));
}

TEST(MessageBudget, TheSummaryComesOnceAndHasAnExample) {
  MessageBudget budget;
  EXPECT_FALSE(budget.summary(0, true));
  budget.lost(5, 1000);
  EXPECT_FALSE(budget.summary(2000));
  EXPECT_EQ(budget.summary(11'000)->count, 5U);
  EXPECT_FALSE(budget.summary(30'000, true));
  const Said noise(std::string(200, 'x'));
  while (budget.keep(noise.line, 30'000)) {
  }
  const auto summary = budget.summary(30'000, true);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->count, 1U);
  EXPECT_EQ(summary->example, std::string(120, 'x'));
}

}  // namespace
}  // namespace whyoom::record
