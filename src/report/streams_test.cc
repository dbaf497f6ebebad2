// One log of several machines: a central syslog, a journal that others send to.
#include "report/streams.h"

#include <gtest/gtest.h>

#include <set>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::describe;
using testing::read_log;
using testing::sample_report;
using testing::split;

// The sample as syslog of that machine.
std::vector<std::string> lines_of_host(const std::string& host) {
  std::vector<std::string> lines;
  for (const std::string& line : split(sample_report(), '\n')) {
    if (!line.empty()) {
      lines.push_back("Nov 23 07:41:32 " + host + " kernel: " + line);
    }
  }
  return lines;
}

std::string alternating(const std::vector<std::vector<std::string>>& logs) {
  std::string text;
  for (std::size_t i = 0; i < logs.front().size(); ++i) {
    for (const auto& log : logs) {
      text += log[i] + "\n";
    }
  }
  return text;
}

TEST(Streams, InterleavedHostsDoNotBreakEachOthersReports) {
  const auto events = read_log(alternating({lines_of_host("a"), lines_of_host("b.example.org"),
                                            lines_of_host("10.0.0.1"), lines_of_host("10.0.0.2")}))
                          .events;
  ASSERT_EQ(events.size(), 4U);  // with one uptime, and no copies
  std::vector<std::string> hosts;
  for (const Report& event : events) {
    EXPECT_EQ(missing_parts(event), std::vector<std::string>{}) << event.host;
    EXPECT_FALSE(event.mixed_at) << event.host;
    EXPECT_EQ(event.tasks.size(), 2U) << event.host;
    hosts.push_back(event.host);
  }
  std::ranges::sort(hosts);
  EXPECT_EQ(hosts, (std::vector<std::string>{"10.0.0.1", "10.0.0.2", "a", "b.example.org"}));
}

TEST(Streams, BootsOfOneHostAreApart) {
  std::string text;
  for (const std::string& line : split(sample_report(), '\n')) {
    if (line.empty()) {
      continue;
    }
    std::string quoted = line.substr(line.find(']') + 2);
    for (const char* boot : {"b1", "b2"}) {
      text += std::string(R"({"_TRANSPORT":"kernel","_HOSTNAME":"a","_BOOT_ID":")") + boot +
              R"(","__MONOTONIC_TIMESTAMP":"812100000","MESSAGE":")" + quoted + "\"}\n";
    }
  }
  const auto events = read_log(text).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_NE(events[0].boot, events[1].boot);
  EXPECT_EQ(missing_parts(events[0]), std::vector<std::string>{});
  EXPECT_EQ(missing_parts(events[1]), std::vector<std::string>{});
}

TEST(Streams, ALineWithoutAHostBelongsToTheOneBefore) {
  auto lines = lines_of_host("a");
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // As the console has it.
    text += (i % 3 == 1 ? lines[i].substr(lines[i].find('[')) : lines[i]) + "\n";
  }
  const auto events = read_log(text).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].host, "a");
  EXPECT_EQ(missing_parts(events[0]), std::vector<std::string>{});
}

TEST(Streams, ACopyIsOfTheSameMachine) {
  const auto text = [](const std::vector<std::string>& lines) {
    std::string log;
    for (const auto& line : lines) {
      log += line + "\n";
    }
    return log;
  };
  const std::string plain = sample_report();
  const std::string of_a = text(lines_of_host("a"));
  const std::string long_a = text(lines_of_host("a.example.org"));
  const std::string of_b = text(lines_of_host("b"));
  EXPECT_EQ(read_log(of_a + of_a).events.size(), 1U);
  EXPECT_EQ(read_log(of_a + long_a).events.size(), 1U);
  EXPECT_EQ(read_log(of_a + plain).events.size(), 1U);  // a log that says no host
  EXPECT_EQ(read_log(plain + of_b).events.size(), 1U);
  EXPECT_EQ(read_log(of_a + of_b).events.size(), 2U);
  EXPECT_EQ(read_log(of_a + of_b + of_a + of_b + plain).events.size(), 2U);
}

TEST(Streams, VeryManyHostsAreBounded) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += "Nov 23 07:41:32 h" + std::to_string(i) +
            " kernel: x invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\n";
  }
  EXPECT_EQ(read_log(text).events.size(), 3000U);
}

TEST(Streams, AThousandHostsPrintAtTheSameTime) {
  std::vector<std::vector<std::string>> logs;
  for (int i = 0; i < 1000; ++i) {
    logs.push_back(lines_of_host("h" + std::to_string(i)));
  }
  const auto events = read_log(alternating(logs)).events;
  ASSERT_EQ(events.size(), 1000U);
  std::set<std::string> hosts;
  for (const Report& event : events) {
    EXPECT_EQ(missing_parts(event), std::vector<std::string>{}) << event.host;
    EXPECT_FALSE(event.mixed_at) << event.host;
    hosts.insert(event.host);
  }
  EXPECT_EQ(hosts.size(), 1000U);
}

// Some lines name the boot and some do not: what is known of a stream grows.
TEST(Streams, ABootThatIsNamedLater) {
  std::string text;
  std::size_t at = 0;
  for (const std::string& line : split(sample_report(), '\n')) {
    if (line.empty()) {
      continue;
    }
    for (const char* host : {"a", "b"}) {
      const std::string boot = at % 2 == 0 ? std::string(R"(,"_BOOT_ID":"of-)") + host + '"' : "";
      text += std::string(R"({"_TRANSPORT":"kernel","_HOSTNAME":")") + host + '"' + boot +
              R"(,"__MONOTONIC_TIMESTAMP":"812100000","MESSAGE":")" +
              line.substr(line.find(']') + 2) + "\"}\n";
    }
    ++at;
  }
  const auto events = read_log(text).events;
  ASSERT_EQ(events.size(), 2U);
  for (const Report& event : events) {
    EXPECT_EQ(missing_parts(event), std::vector<std::string>{}) << event.host;
    EXPECT_EQ(event.boot, "of-" + event.host);
  }
}

// A host that says no more does not keep its report open for ever: the reader could skip nothing.
TEST(Streams, AReportThatNobodyGoesOnWithIsEnded) {
  std::vector<Report> events;
  Streams streams("log", [&](Report&& report) { events.push_back(std::move(report)); });
  logtext::Line line;
  const auto put = [&](std::string_view host, std::string_view text) {
    ++line.number;
    line.host = host;
    line.text = text;
    streams.line(line);
  };
  put("a", "x invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0");
  for (std::uint64_t i = 1; i < Assembler::most_foreign; ++i) {
    put("b", "eth0: link is up");
  }
  EXPECT_FALSE(streams.idle());
  put("b", "eth0: link is up");
  EXPECT_TRUE(streams.idle());
  EXPECT_EQ(events.size(), 1U);
}

TEST(Streams, ManyHostsThatHaveNoEventEndNone) {
  std::string text;
  int other = 0;
  for (const std::string& line : lines_of_host("a")) {
    text += line + "\n";
    for (int i = 0; i < 20; ++i) {
      text += "Nov 23 07:41:32 h" + std::to_string(other++) + " kernel: eth0: link is up\n";
    }
  }
  const auto events = read_log(text).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(missing_parts(events[0]), std::vector<std::string>{});
}

TEST(Streams, ShortNames) {
  EXPECT_EQ(short_host("a.example.org"), "a");
  EXPECT_EQ(short_host("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(short_host("localhost"), "");
  EXPECT_EQ(short_host(""), "");
}

}  // namespace
}  // namespace whyoom::report
