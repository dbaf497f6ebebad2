#include "report/log_excerpt.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::describe;
using testing::read_log;
using testing::sample_report;
using testing::split;

constexpr std::size_t plenty = std::size_t{64} << 20U;

LogExcerpt::Result excerpt(std::string_view log, LogOwner owner = LogOwner::kernel,
                           std::size_t most = plenty, std::size_t chunk = 65536) {
  LogExcerpt one(owner, most);
  for (std::size_t at = 0; at < log.size(); at += chunk) {
    one.feed(log.substr(at, chunk));
  }
  return one.finish();
}

std::vector<std::string> events_of(const LogExcerpt::Result& part) {
  std::vector<std::string> events;
  LogReader reader("log", [&](Report&& report) { events.push_back(describe(report)); });
  reader.skip_lines(part.first_line);
  reader.feed(part.text);
  reader.finish();
  return events;
}

std::vector<std::string> events_of(const std::string& log) {
  std::vector<std::string> events;
  for (const Report& report : read_log(log).events) {
    events.push_back(describe(report));
  }
  return events;
}

std::string lines_of_sshd(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    text += "Nov 23 07:41:32 vm1 sshd[" + std::to_string(i) + "]: password of user is hunter2\n";
  }
  return text;
}

// The report as rsyslog writes it to a file that everybody writes to.
std::string in_syslog(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n')) {
    out += line.empty() ? "" : "Nov 23 07:41:32 vm1 kernel: " + line + "\n";
  }
  return out;
}

TEST(LogExcerpt, KeepsTheEventAtItsLinesAndNothingOfOtherPrograms) {
  const std::string log = lines_of_sshd(50) + in_syslog(sample_report()) + lines_of_sshd(3000) +
                          "Nov 23 08:00:00 vm1 earlyoom[7]: sending SIGTERM to process 9 uid 1000 "
                          "\"hog\": badness 900, VmRSS 100 MiB\n" +
                          lines_of_sshd(2000);
  const auto part = excerpt(log, LogOwner::anybody);
  EXPECT_EQ(part.text.find("hunter2"), std::string::npos);
  EXPECT_EQ(events_of(part), events_of(log));
  EXPECT_EQ(events_of(part).size(), 2U);
  EXPECT_EQ(part.first_line, 50U);
  EXPECT_EQ(part.bytes, log.size());
  EXPECT_EQ(part.lines, static_cast<std::uint64_t>(std::count(log.begin(), log.end(), '\n')));
  EXPECT_EQ(part.hosts, std::set<std::string>{"vm1"});
  EXPECT_EQ(part.no_room, 0U);
}

TEST(LogExcerpt, LeavesOutAuditRecordsAndWhatProgramsWroteIntoTheKernelsLog) {
  const std::string log =
      "[    1.0] Linux version 6.1.0\n"
      "[    2.0] audit: type=1309 audit(1795419000.1:7): argc=2 a0=\"mysql\" a1=\"-psecret\"\n"
      "[    3.0] cloud-init[512]: secret\n" +
      sample_report();
  const auto part = excerpt(log);
  EXPECT_EQ(part.text.find("secret"), std::string::npos);
  EXPECT_NE(part.text.find("Linux version 6.1.0\n\n\n"), std::string::npos);
  EXPECT_EQ(events_of(part), events_of(log));
}

TEST(LogExcerpt, UnframedLinesOfASharedLogAreKeptOnlyWhenTheyAreOfAReport) {
  const std::string log =
      "stack trace of some program\n" + in_syslog(sample_report()) + "  token=secret\nMem-Info:\n";
  const auto part = excerpt(log, LogOwner::anybody);
  EXPECT_EQ(part.text.find("secret"), std::string::npos);
  EXPECT_EQ(part.text.find("some program"), std::string::npos);
  EXPECT_NE(part.text.find("\nMem-Info:\n"), std::string::npos);
}

TEST(LogExcerpt, TheOldestGoesWhenThereIsNoRoom) {
  std::string log;
  for (int i = 0; i < 40; ++i) {
    std::string report = sample_report();
    const std::string second = std::to_string(100 + i);
    for (std::size_t at = report.find("[  "); at != std::string::npos;
         at = report.find("[  ", at + 1)) {
      report.replace(at, 6, "[ 9" + second);
    }
    log += report;
  }
  const std::size_t most = log.size() / 4;
  const auto part = excerpt(log, LogOwner::kernel, most);
  EXPECT_LE(part.text.size(), most);
  EXPECT_GT(part.text.size(), most / 3);
  EXPECT_GT(part.no_room, 0U);
  EXPECT_EQ(part.no_room + part.kept, part.lines);
  EXPECT_TRUE(log.ends_with(part.text));
  const auto all = events_of(log);
  const auto left = events_of(part);
  ASSERT_GT(left.size(), 3U);
  EXPECT_EQ(left.back(), all.back());
}

TEST(LogExcerpt, AGapThatIsLargerThanTheRoomCostsNoMemory) {
  const std::string log = sample_report() + std::string(100000, '\n') + sample_report();
  const auto part = excerpt(log, LogOwner::kernel, 50000);
  EXPECT_LE(part.text.size(), 50000U);
  EXPECT_GT(part.first_line, 100000U);
}

TEST(LogExcerpt, OfAnExcerptIsTheSame) {
  const std::string log = lines_of_sshd(3000) + in_syslog(sample_report()) + lines_of_sshd(10);
  const auto once = excerpt(log, LogOwner::anybody);
  LogExcerpt again(LogOwner::anybody, plenty);
  again.skip_lines(once.first_line);
  again.feed(once.text);
  const auto twice = again.finish();
  EXPECT_EQ(twice.text, once.text);
  EXPECT_EQ(twice.first_line, once.first_line);
}

void expect_same_events(const std::filesystem::path& folder, const std::string& name) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.path().string().ends_with(name)) {
      continue;
    }
    ++files;
    SCOPED_TRACE(entry.path().string());
    const std::string log = test::read_file(entry.path());
    EXPECT_EQ(events_of(excerpt(log)), events_of(log));
  }
  EXPECT_GT(files, 50U);
}

TEST(LogExcerpt, EveryLabLogGivesTheSameEvents) {
  WHYOOM_SHARED_OR_SKIP(folder, "lab");
  expect_same_events(folder, ".log");
}

TEST(LogExcerpt, EveryPostedLogGivesTheSameEvents) {
  WHYOOM_SHARED_OR_SKIP(folder, "corpus/real");
  expect_same_events(folder, ".log");
}

}  // namespace
}  // namespace whyoom::report
