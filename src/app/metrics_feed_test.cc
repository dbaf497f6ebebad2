#include "app/metrics_feed.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace whyoom::app {
namespace {

using record::Kind;

// What the recorder would send, and what comes of it.
class Recorder {
 public:
  record::Note note(Kind kind, std::uint64_t boot_ms) const {
    record::Note note;
    note.kind = kind;
    note.boot_ms = boot_ms;
    note.real_ms = 1'764'000'000'000 + static_cast<std::int64_t>(boot_ms);
    return note;
  }
  std::string head(std::string_view boot, std::uint64_t boot_ms) {
    record::Note head = note(Kind::segment, boot_ms);
    head.a = record::format_version;
    head.c = 4096;
    head.text = boot;
    return std::string(encoder_.note(head));
  }
  std::string sample(std::uint64_t boot_ms) {
    record::Sample sample;
    sample.boot_ms = boot_ms;
    sample.real_ms = 1'764'000'000'000 + static_cast<std::int64_t>(boot_ms);
    encoder_.restart();
    return std::string(encoder_.sample(sample));
  }
  std::string publish(std::uint64_t boot_ms) {
    return std::string(encoder_.note(note(Kind::publish, boot_ms)));
  }
  // The report of an example, line by line as /dev/kmsg has them.
  std::string report(std::uint64_t boot_ms) {
    std::ifstream file(WHYOOM_SOURCE_DIR "/examples/memory-exhausted.log");
    std::string bytes, line;
    while (std::getline(file, line)) {
      const std::size_t stamp = line.find("] ");
      if (stamp == std::string::npos) {
        continue;
      }
      const std::string text = "4," + std::to_string(++sequence_) + "," +
                               std::to_string(boot_ms * 1000) + ",-;" + line.substr(stamp + 2);
      record::Note kmsg = note(Kind::kmsg, boot_ms);
      kmsg.a = sequence_;
      kmsg.text = text;
      bytes += encoder_.note(kmsg);
    }
    return bytes;
  }

 private:
  record::Encoder encoder_;
  std::uint64_t sequence_ = 0;
};

struct MetricsFeedTest : ::testing::Test {
  std::vector<std::string> texts;
  MetricsFeed feed{"1", [this](const std::string& text) { texts.push_back(text); }};
  Recorder recorder;

  // The numbers behind the series of a metric.
  std::vector<std::string> values(const std::string& metric) const {
    std::vector<std::string> found;
    const std::string& text = texts.back();
    for (std::size_t at = 0; (at = text.find("\n" + metric + "{", at)) != std::string::npos;) {
      const std::size_t end = text.find('\n', ++at);
      const std::string line = text.substr(at, end - at);
      found.push_back(line.substr(line.rfind(' ') + 1));
    }
    return found;
  }
};

TEST_F(MetricsFeedTest, ExplainsAndCountsAnEvent) {
  feed.feed(recorder.head("boot", 1000) + recorder.sample(1000));
  feed.feed(recorder.publish(1100));
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_TRUE(values("whyoom_events_total").empty());
  const std::string report = recorder.report(5000);
  ASSERT_GT(report.size(), 1000U);
  for (const char c : report) {  // in pieces
    feed.feed({&c, 1});
  }
  feed.feed(recorder.publish(5100));  // it may go on
  EXPECT_TRUE(values("whyoom_events_total").empty());
  feed.feed(recorder.publish(5250));
  EXPECT_EQ(values("whyoom_events_total"), std::vector<std::string>{"1"});
  EXPECT_EQ(values("whyoom_event_last_timestamp_seconds"),
            std::vector<std::string>{"1764000005.000"});
  EXPECT_NE(texts.back().find("cause=\"memory-exhausted\",kind=\"oom-kill\""), std::string::npos)
      << texts.back();
}

TEST_F(MetricsFeedTest, OneOfBeforeIsToldAndNotCounted) {
  const std::string report = recorder.report(5000);
  feed.read_former(recorder.head("boot", 1000) + recorder.sample(1000) + report);
  // The same boot goes on, and the end of it comes again.
  feed.feed(recorder.head("boot", 9000) + report + recorder.sample(9000));
  feed.feed(recorder.publish(9001));
  EXPECT_EQ(values("whyoom_events_total"), std::vector<std::string>{"0"});
  EXPECT_EQ(values("whyoom_event_last_timestamp_seconds"),
            std::vector<std::string>{"1764000005.000"});
}

TEST_F(MetricsFeedTest, OneThatEndedABootIsToldAfterIt) {
  feed.read_former(recorder.head("boot", 1000) + recorder.sample(1000) + recorder.report(5000));
  feed.feed(recorder.head("another", 100) + recorder.sample(100) + recorder.publish(101));
  EXPECT_EQ(values("whyoom_events_total"), std::vector<std::string>{"0"});
}

TEST_F(MetricsFeedTest, WhatWasThereBeforeTheRecorderHasItsOwnTime) {
  // Written at 5 s, read at 65 s, when the recorder began.
  std::string late = recorder.report(5000);
  feed.read_former(recorder.head("boot", 5000) + late);
  feed.feed(recorder.head("boot", 65'000) + recorder.sample(65'000) + recorder.publish(65'001));
  EXPECT_EQ(values("whyoom_event_last_timestamp_seconds"),
            std::vector<std::string>{"1764000005.000"});
}

TEST_F(MetricsFeedTest, AnyBytesAreSteppedOver) {
  feed.feed("\xff");
  feed.feed("W\x05 nothing \xffW\xff\xff\xff\xff\xff");
  feed.feed(std::string(100'000, '\xff'));
  feed.feed(recorder.publish(1));
  EXPECT_EQ(texts.size(), 1U);
}

}  // namespace
}  // namespace whyoom::app
