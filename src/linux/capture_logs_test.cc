#include "linux/capture_logs.h"

#include <gtest/gtest.h>

#include "host/memory_files_for_test.h"

namespace whyoom::linux {
namespace {

CapturedLogs sample() {
  CapturedLogs all;
  all.clock = {"0123abcd", 1'795'419'000'000'000, 7, "vm 1", 1'795'419'100'000'000};
  CapturedLog journal;
  journal.source = {LogSource::Kind::journal, "journal", std::nullopt, 0};
  journal.end.read = false;
  journal.end.gap = Message("no permission\nto read it");
  journal.end.whole.emplace();
  CapturedLog file;
  file.source = {LogSource::Kind::file, "/var/log/a b%\xff.1", -5, 41,
                 Message("user {} can write it", 1000)};
  file.end.lost = 3;
  file.end.whole = WholeLog{1'000'000, 9000, {{{}, "Nov 23 07:41:32"}, {12'500'000, ""}, "", "b0"}};
  all.logs = {journal, file};
  return all;
}

TEST(CaptureLogs, TheIndexReadsAsItWasWritten) {
  const std::string text = write_log_index(sample());
  const auto read = parse_log_index(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(write_log_index(*read), text);
  EXPECT_EQ(read->clock.boot, "0123abcd");
  EXPECT_EQ(read->clock.suspended_us, 7U);
  EXPECT_EQ(read->clock.host, "vm 1");
  ASSERT_EQ(read->logs.size(), 2U);
  EXPECT_EQ(read->logs[0].end.gap.str(), "no permission\nto read it");
  EXPECT_FALSE(read->logs[0].end.read);
  const CapturedLog& file = read->logs[1];
  EXPECT_EQ(file.source.kind, LogSource::Kind::file);
  EXPECT_EQ(file.source.name, "/var/log/a b%\xff.1");
  EXPECT_EQ(file.source.modified_us, -5);
  EXPECT_EQ(file.source.first_line, 41U);
  EXPECT_EQ(file.source.unverified.str(), "user 1000 can write it");
  EXPECT_TRUE(read->logs[0].source.unverified.empty());
  EXPECT_TRUE(file.end.read);
  EXPECT_TRUE(file.end.gap.empty());
  EXPECT_EQ(file.end.whole->lines, 9000U);
  EXPECT_EQ(file.end.whole->ends.from.wall, "Nov 23 07:41:32");
  EXPECT_EQ(file.end.whole->ends.to.monotonic_us, 12'500'000U);
  EXPECT_EQ(file.end.whole->ends.last_boot, "b0");
}

TEST(CaptureLogs, AnIndexOfBeforeSaysNothingOfDoubtsAndTheHost) {
  const auto read =
      parse_log_index("whyoom logs 1\nclock b0 1 0 2\nlog file - read 0 0 5 1 /var/log/kern.log\n");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->logs.size(), 1U);
  EXPECT_EQ(read->clock.host, "");
  EXPECT_TRUE(read->logs[0].source.unverified.empty());
}

TEST(CaptureLogs, ADamagedIndexNeverFails) {
  EXPECT_FALSE(parse_log_index(""));
  EXPECT_FALSE(parse_log_index("something else\n"));
  const std::string text = write_log_index(sample());
  for (std::size_t size = std::string_view("whyoom logs 1").size(); size < text.size(); ++size) {
    const auto cut = parse_log_index(std::string_view(text).substr(0, size));
    ASSERT_TRUE(cut);
    EXPECT_LE(cut->logs.size(), 2U);
    for (const CapturedLog& log : cut->logs) {
      EXPECT_TRUE(log.end.whole.has_value());
    }
  }
  const auto strange = parse_log_index("whyoom logs 1\nfrom 1 2 3\ngap x\nlog ??? x y z\nclock\n");
  ASSERT_TRUE(strange);
  EXPECT_EQ(strange->logs.size(), 1U);
}

TEST(CaptureLogs, EachLogIsHandedOnAndAMissingOneIsSaid) {
  host::MemoryFiles files;
  CapturedLogs all = sample();
  all.logs.push_back(all.logs[1]);
  files.add("/" + std::string(capture_log_index), write_log_index(all));
  files.add("/whyoom/log/2", "text\n");
  const auto found = captured_logs(files);
  ASSERT_TRUE(found);
  std::vector<std::string> told;
  std::string text;
  read_captured_logs(files, *found,
                     {.begin = [&](const LogSource& source) { told.push_back(source.name); },
                      .data = [&](std::string_view chunk) { text += chunk; },
                      .end = [&](const LogEnd& end) { told.push_back(end.gap.str()); },
                      .stop = [] { return false; }});
  EXPECT_EQ(text, "text\n");
  ASSERT_EQ(told.size(), 6U);
  EXPECT_EQ(told[1], "no permission\nto read it");
  EXPECT_EQ(told[3], "");
  EXPECT_NE(told[5].find("cannot be read"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::linux
