#include "report/range_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "report/event_id.h"
#include "report/same_event.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::sample_failure;
using testing::sample_report;

// How often each event was found, by its id and by how much it says.
using Found = std::map<std::pair<std::string, std::size_t>, int>;

std::pair<std::string, std::size_t> key(const Report& report) {
  return {event_id(report), count_facts(report)};
}

struct Part {
  Found found;
  InputAccount account;
};

Part read_part(std::string_view log, ByteRange range, std::size_t chunk) {
  Part part;
  RangeReader reader("log", range, [&](Report&& report) {
    if (!report.part->before) {
      ++part.found[key(report)];
    }
  });
  for (std::size_t at = static_cast<std::size_t>(reader.from()); at < log.size(); at += chunk) {
    if (!reader.feed(log.substr(at, chunk))) {
      break;
    }
  }
  part.account = reader.finish();
  return part;
}

Found read_whole(std::string_view log) {
  Found found;
  LogReader reader(
      "log", [&](Report&& report) { ++found[key(report)]; }, LogReader::Copies::handed_on);
  reader.feed(log);
  reader.finish();
  return found;
}

// Reports and failures of several times, with lines of others between them.
std::string long_log(int events) {
  std::string log;
  for (int i = 0; i < events; ++i) {
    const std::string one = i % 3 == 2 ? sample_failure() : sample_report();
    std::string time = std::to_string(1000 + 40 * i);
    for (const std::string& line : testing::lines_of(one)) {
      const std::size_t end = line.find(']');
      log +=
          "[ " + time + line.substr(line.find('.'), end - line.find('.')) + line.substr(end) + "\n";
    }
    for (int other = 0; other < 30 * (i % 5); ++other) {
      log += "[ " + time + ".900000] usb 1-1: new high-speed USB device number " +
             std::to_string(other) + "\n";
    }
  }
  return log;
}

TEST(RangeReader, NeighboursTogetherHaveTheEventsOfTheWhole) {
  const std::string log = long_log(40);
  const Found whole = read_whole(log);
  ASSERT_EQ(whole.size(), 40U);
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::uint64_t> cuts = {0, log.size() + 5};
    for (int i = 0; i < 5; ++i) {
      cuts.push_back(random() % log.size());
    }
    std::ranges::sort(cuts);
    Found found;
    std::uint64_t bytes = 0, lines = 0;
    for (std::size_t i = 1; i < cuts.size(); ++i) {
      if (cuts[i - 1] == cuts[i]) {
        continue;
      }
      const Part part = read_part(log, {cuts[i - 1], cuts[i]}, 1 + random() % 300000);
      for (const auto& [event, times] : part.found) {
        found[event] += times;
      }
      bytes += part.account.bytes;
      lines += part.account.lines;
    }
    ASSERT_EQ(found, whole) << "round " << round;
    ASSERT_EQ(bytes, log.size());
    ASSERT_EQ(lines, static_cast<std::uint64_t>(std::ranges::count(log, '\n')));
  }
}

// At each byte around the border of two reports.
TEST(RangeReader, ALineIsOfThePartThatHasItsFirstByte) {
  const std::string log = long_log(2);
  const std::size_t border = log.find("[ 1040");
  for (std::size_t cut = border - 3; cut < border + 4; ++cut) {
    const std::size_t first = read_part(log, {0, cut}, 4096).found.size();
    const std::size_t second = read_part(log, {cut, log.size()}, 4096).found.size();
    EXPECT_EQ(first, cut > border ? 2U : 1U) << cut - border;
    EXPECT_EQ(first + second, 2U) << cut - border;
  }
}

// The report begins more than it reads before its part: its rest is no event of its own.
TEST(RangeReader, TheRestOfAHugeReportIsNoEvent) {
  std::string log = sample_report();
  const std::size_t rows = log.find("[", log.find("\n", log.find("[  pid  ]")));
  ASSERT_NE(rows, std::string::npos);
  const std::size_t row_end = log.find('\n', rows);
  std::string row = log.substr(rows, row_end + 1 - rows);
  std::string many;
  char& last = row[row.find(']', row.find("] ") + 2) - 1];
  while (many.size() < (std::size_t{6} << 20U)) {
    last = last == '9' ? '0' : static_cast<char>(last + 1);
    many += row;
  }
  log.insert(rows, many);
  const std::size_t middle = log.size() - many.size() / 10;
  EXPECT_EQ(read_part(log, {0, middle}, 1 << 18).found.size(), 1U);
  EXPECT_EQ(read_part(log, {middle, log.size()}, 1 << 18).found.size(), 0U);
  EXPECT_EQ(read_part(log, {0, middle}, 1 << 18).found, read_whole(log));
}

TEST(RangeReader, SaysFromWhichByteItsLinesCount) {
  const std::string filler((std::size_t{5} << 20U) / 10, 'x');
  std::string log;
  while (log.size() < (std::size_t{5} << 20U)) {
    log += filler.substr(0, 99) + "\n";
  }
  const std::size_t begin = log.size();
  log += long_log(1);
  RangeReader reader("log", {begin, log.size()}, [&](Report&& report) {
    ASSERT_TRUE(report.part.has_value());
    EXPECT_FALSE(report.part->before);
    const std::size_t from = static_cast<std::size_t>(report.part->lines_from);
    const auto lines = testing::lines_of(std::string_view(log).substr(from));
    EXPECT_NE(lines[report.first_line - 1].find("invoked oom-killer"), std::string::npos);
    EXPECT_EQ(log[from - 1], '\n');
  });
  reader.feed(std::string_view(log).substr(static_cast<std::size_t>(reader.from())));
  reader.finish();
}

std::string rejected_forks(int count, std::size_t apart) {
  std::string log;
  for (int i = 0; i < count; ++i) {
    const std::string time = "[ " + std::to_string(1000 + i) + ".000000] ";
    log += time + "cgroup: fork rejected by pids controller in /app\n";
    for (const std::size_t end = log.size() + apart; log.size() < end;) {
      log += time + "usb 1-1: new high-speed USB device number 1\n";
    }
  }
  return log;
}

// A part looks back as far as it reads: what goes on there is not its own, however often it was
// cut.
TEST(RangeReader, ALineThatComesAgainIsOfThePartInWhichItBegan) {
  const std::string log = rejected_forks(12, std::size_t{1} << 20U);
  const Found whole = read_whole(log);
  ASSERT_EQ(whole.size(), 1U);
  std::map<std::string, int> ids;
  for (std::size_t begin = 0; begin < log.size(); begin += std::size_t{5} << 19U) {
    for (const auto& [event, times] :
         read_part(log, {begin, begin + (std::size_t{5} << 19U)}, 1 << 18).found) {
      ids[event.first] += times;
    }
  }
  EXPECT_EQ(ids, (std::map<std::string, int>{{whole.begin()->first.first, 1}}));
}

// Farther apart nothing tells that it came before: docs/output.md says so.
TEST(RangeReader, ALineThatComesAgainFarBehindIsAnEventOfItsPart) {
  const std::string log = rejected_forks(2, std::size_t{5} << 20U);
  ASSERT_EQ(read_whole(log).size(), 1U);
  const std::size_t cut = log.size() / 2 - 4096;
  EXPECT_EQ(read_part(log, {0, cut}, 1 << 18).found, read_whole(log));
  EXPECT_EQ(read_part(log, {cut, log.size()}, 1 << 18).found.size(), 1U);
}

// What stands behind its part is not read to its end.
TEST(RangeReader, WantsNoMoreWhenItsLastReportIsOver) {
  const std::string log = long_log(2);
  std::string text = log;
  for (int i = 0; i < 100000; ++i) {
    text += "[ 9000.000000] usb 1-1: new high-speed USB device number 1\n";
  }
  RangeReader reader("log", {0, log.size()}, [](Report&&) {});
  std::size_t at = 0;
  for (; at < text.size() && reader.feed(std::string_view(text).substr(at, 65536)); at += 65536) {
  }
  EXPECT_LT(at, log.size() + (std::size_t{1} << 20U));
}

}  // namespace
}  // namespace whyoom::report
