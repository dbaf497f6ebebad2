// Framings that carry a message as a field of a record.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

// Eight bytes, the lowest first, as journalctl -o export writes a length.
std::string length_bytes(std::size_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes += static_cast<char>(length & 0xffU);
    length >>= 8U;
  }
  return bytes;
}

// Hands `file` over as a reader does: cut at each newline.
Framed frame(std::string_view file) {
  Collector collector;
  LineNumber number = 0;
  while (!file.empty()) {
    const std::size_t end = std::min(file.find('\n'), file.size());
    collector.line(file.substr(0, end), ++number);
    file.remove_prefix(std::min(end + 1, file.size()));
  }
  return collector.finish();
}

void expect_mem_info(const Framed& run) {
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[0].text, "Mem-Info:");
  EXPECT_EQ(run.lines[1].text, "active_anon:1");
  EXPECT_FALSE(run.lines[1].continued);
  EXPECT_EQ(run.lines[2].text, " active_file:2");
  EXPECT_TRUE(run.lines[2].continued);
  for (const Got& got : run.lines) {
    EXPECT_EQ(got.origin, Origin::kernel);
    EXPECT_EQ(got.host, "host");
    EXPECT_TRUE(got.framed);
  }
  EXPECT_EQ(run.lines[2].monotonic_us, 12345679U);
  EXPECT_TRUE(run.damage.empty());
}

TEST(FramerRecords, ReadsJournalJson) {
  const std::string_view meta = R"("_TRANSPORT":"kernel","_HOSTNAME":"host","PRIORITY":"4",)";
  std::string file;
  file.append("{").append(meta).append("\"MESSAGE\":\"Mem-Info:\"}\n");
  file.append("{").append(meta).append(
      "\"_SOURCE_MONOTONIC_TIMESTAMP\":\"12345679\","
      "\"MESSAGE\":\"active_anon:1\\n active_file:2\"}\n");
  expect_mem_info(frame(file));
}

TEST(FramerRecords, ReadsJournalExport) {
  const std::string meta = "_TRANSPORT=kernel\n_HOSTNAME=host\nPRIORITY=4\n";
  const std::string message = "active_anon:1\n active_file:2";
  const std::string file = "__CURSOR=s=1\n" + meta + "MESSAGE=Mem-Info:\n\n__CURSOR=s=2\n" + meta +
                           "MESSAGE\n" + length_bytes(message.size()) + message +
                           "\n_SOURCE_MONOTONIC_TIMESTAMP=12345679\n\n";
  expect_mem_info(frame(file));
}

TEST(FramerRecords, ReadsExportLengthsThatHoldANewline) {
  for (const std::size_t size : {10U, 266U, 2570U}) {
    const std::string message(size, 'x');
    const Framed run =
        frame("__CURSOR=s=1\nMESSAGE\n" + length_bytes(size) + message + "\n_HOSTNAME=h\n\n");
    ASSERT_EQ(run.lines.size(), 1U) << size;
    EXPECT_EQ(run.lines[0].text, message);
    EXPECT_EQ(run.lines[0].host, "h");
  }
}

TEST(FramerRecords, ReadsAnExportThatBeginsInsideAnEntry) {
  const std::string message = "active_anon:1\n active_file:2";
  const Framed run = frame("MESSAGE\n" + length_bytes(message.size()) + message + "\n\nplain");
  ASSERT_EQ(run.lines.size(), 4U);
  EXPECT_EQ(run.lines[1].text, "active_anon:1");
  EXPECT_EQ(run.lines[2].text, " active_file:2");
  EXPECT_TRUE(run.lines[2].continued);
  EXPECT_EQ(run.lines[3].text, "plain");
}

TEST(FramerRecords, DoesNotTakeAWordForABinaryField) {
  const Framed run = frame("__CURSOR=s=1\nMESSAGE\n[   12.345678] hog invoked oom-killer\n");
  ASSERT_FALSE(run.lines.empty());
  EXPECT_EQ(run.lines.back().text, "hog invoked oom-killer");
}

TEST(FramerRecords, ReadsJournalVerbose) {
  const std::string meta = "    _TRANSPORT=kernel\n    _HOSTNAME=host\n    PRIORITY=4\n";
  const std::string file = "Mon 2026-11-23 07:41:32.123456 UTC [s=1;i=2]\n" + meta +
                           "    MESSAGE=Mem-Info:\nMon 2026-11-23 07:41:32.123457 UTC [s=1;i=3]\n" +
                           meta +
                           "    MESSAGE=active_anon:1\n             active_file:2\n"
                           "    _SOURCE_MONOTONIC_TIMESTAMP=12345679\n";
  Framed run = frame(file);
  // The heads of the entries stay as lines without a message.
  std::erase_if(run.lines, [](const Got& got) { return got.text.starts_with("[s="); });
  expect_mem_info(run);
}

TEST(FramerRecords, ReadsJournalJsonPretty) {
  const std::string meta =
      "\t\"_TRANSPORT\" : \"kernel\",\n\t\"_HOSTNAME\" : \"host\",\n\t\"PRIORITY\" : \"4\",\n";
  const std::string file = "{\n" + meta + "\t\"MESSAGE\" : \"Mem-Info:\"\n}\n{\n" + meta +
                           "\t\"MESSAGE\" : \"active_anon:1\\n active_file:2\",\n"
                           "\t\"_SOURCE_MONOTONIC_TIMESTAMP\" : \"12345679\"\n}\n";
  expect_mem_info(frame(file));
}

TEST(FramerRecords, ReadsPrettyByteArraysAndObjectsWithoutTheirStart) {
  const Framed run = frame(
      "\t\"_HOSTNAME\" : \"h\",\n\t\"MESSAGE\" : [\n\t\t104,\n\t\t111,\n\t\t103\n\t]\n}\nplain\n");
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].text, "hog");
  EXPECT_EQ(run.lines[0].host, "h");
  EXPECT_EQ(run.lines[1].text, "plain");
}

// `gcloud logging read --format=json` and `aws logs get-log-events`.
TEST(FramerRecords, ReadsPrettyObjectsInsideOfOthers) {
  const Framed run = frame(
      "[\n  {\n    \"jsonPayload\": {\n      \"of\": {\n        \"pid\": \"1\"\n      }\n    },\n"
      "    \"textPayload\": \"hog invoked oom-killer\"\n  },\n  {\n    \"resource\": {\n"
      "      \"type\": \"vm\"\n    },\n    \"textPayload\": \"Mem-Info:\"\n  }\n]\n"
      "{\n  \"events\": [\n    {\n      \"message\": \"lowmem_reserve[]: 0\"\n    },\n    {\n"
      "      \"message\": \"Call Trace:\"\n    }\n  ],\n  \"next\": \"f/1\"\n}\n");
  EXPECT_TRUE(run.damage.empty());
  std::string texts;
  for (const Got& got : run.lines) {
    if (got.text.size() > std::string_view("  ],").size()) {
      texts += got.text + '|';
      EXPECT_EQ(got.origin, Origin::relayed) << got.text;
    }
  }
  EXPECT_EQ(texts, "hog invoked oom-killer|Mem-Info:|lowmem_reserve[]: 0|Call Trace:|");
}

TEST(FramerRecords, ReadsTheEntryBehindOneWithoutItsEnd) {
  const std::string begin = "{\n\t\"_TRANSPORT\" : \"kernel\",\n\t\"MESSAGE\" : ";
  const Framed run = frame(begin + "\"one\",\n" + begin + "\"two\"\n}\n");
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].text, "one");
  EXPECT_EQ(run.lines[0].origin, Origin::relayed) << "its author may stand in what is missing";
  EXPECT_EQ(run.lines[1].text, "two");
  EXPECT_EQ(run.lines[1].origin, Origin::kernel);
  EXPECT_EQ(run.damage.size(), 1U);
}

// kubectl get events -o json: an object without a key stands in a list inside of it.
TEST(FramerRecords, AnEventOfKubernetesIsNoBrokenJournalEntry) {
  const std::string event =
      "    \"involvedObject\": {\n      \"kind\": \"Node\"\n    },\n"
      "    \"message\": \"Memory cgroup out of memory: Killed process 7 (a)\",\n"
      "    \"firstTimestamp\": \"2023-06-13T14:35:38Z\",\n"
      "    \"lastTimestamp\": \"2023-06-13T14:36:38Z\"\n";
  const std::string fields =
      "  \"metadata\": {\n    \"managedFields\": [\n      {\n        \"apiVersion\": \"v1\"\n"
      "      }\n    ]\n  },\n";
  for (const std::string& before : {std::string(), fields}) {
    const Framed run = frame("{\n" + before + event + "}\n");
    EXPECT_TRUE(run.damage.empty());
    const auto told = std::ranges::find(
        run.lines, "Memory cgroup out of memory: Killed process 7 (a)", &Got::text);
    ASSERT_NE(told, run.lines.end());
    EXPECT_EQ(told->wall, "2023-06-13T14:36:38Z");
    EXPECT_EQ(told->number, before.empty() ? 5U : 12U);
    EXPECT_EQ(told->origin, Origin::relayed);
  }
}

TEST(FramerRecords, TakesWhatABrokenRecordHas) {
  for (const std::string_view raw :
       {R"({"MESSAGE":"hog invoked oom-killer)", R"({"MESSAGE":"hog invoked oom-killer","PRI)",
        R"({"_TRANSPORT":"kernel","MESSAGE":"hog invoked oom-killer" "x":1})",
        R"({"a":[1,2,{"b":null}],"log":"hog invoked oom-killer\n","t":tru)"}) {
    const Framed run = frame(raw);
    ASSERT_EQ(run.lines.size(), 1U) << raw;
    EXPECT_EQ(run.lines[0].text, "hog invoked oom-killer") << raw;
    EXPECT_EQ(run.damage.size(), 1U) << raw;
  }
}

TEST(FramerRecords, CountsAMessageThatTheJournalLeftOut) {
  const Framed run = frame("{\"MESSAGE\":null,\"PRIORITY\":\"4\"}\n{\"MESSAGE\":\"next\"}\n");
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].lost_before, 1U);
  EXPECT_EQ(run.damage.size(), 1U);
}

TEST(FramerRecords, DecodesJsonEscapes) {
  const Framed run =
      frame(R"({"log":"\u001b[1m[   12.345678] a\tb \"c\" \u00e4 \ud83d\ude00 \/ \ud800x\r\n"})");
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].text, "a\tb \"c\" \xc3\xa4 \xf0\x9f\x98\x80 / \xef\xbf\xbdx");
  EXPECT_EQ(run.lines[0].monotonic_us, 12345678U);
}

TEST(FramerRecords, GivesEachLineOfAContainersLogItsOwnFraming) {
  const Framed run =
      frame(R"({"log":"[    1.000000] a\n[    2.000000] b\nrest\n","stream":"stdout"})");
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[1].monotonic_us, 2000000U);
  EXPECT_FALSE(run.lines[1].continued);
  EXPECT_TRUE(run.lines[2].continued);
}

TEST(FramerRecords, LeavesOtherJsonAlone) {
  for (const std::string_view raw : {R"({"a":1})", "{", R"({"broken)", "{}", "{ not json"}) {
    const Framed run = frame(raw);
    ASSERT_LE(run.lines.size(), 1U);
    if (!run.lines.empty()) {
      EXPECT_EQ(run.lines[0].text, raw);
      EXPECT_FALSE(run.lines[0].framed);
    }
  }
}

TEST(FramerRecords, JoinsPartialContainerLines) {
  Collector collector;
  collector.line("2026-11-23T07:41:32.1Z stdout P [   12.345678] hog in", 1);
  EXPECT_TRUE(collector.holds());
  collector.line("2026-11-23T07:41:32.2Z stderr F [   12.345600] other", 2);
  collector.line("2026-11-23T07:41:32.3Z stdout P voked oom", 3);
  collector.line("2026-11-23T07:41:32.4Z stdout F -killer", 4);
  EXPECT_FALSE(collector.holds());
  collector.line("2026-11-23T07:41:32.5Z stdout P [   12.345679] cut", 5);
  const Framed run = collector.finish();
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[0].text, "other");
  EXPECT_EQ(run.lines[1].text, "hog invoked oom-killer");
  EXPECT_EQ(run.lines[1].number, 1U);
  EXPECT_EQ(run.lines[2].text, "cut");
  EXPECT_EQ(run.damage.size(), 1U);
}

TEST(FramerRecords, EndsAnEntryWhereTheCallerLeftLinesOut) {
  Collector collector;
  collector.line("__CURSOR=s=1", 1);
  collector.line("MESSAGE=hog invoked oom-killer", 2);
  EXPECT_TRUE(collector.holds());
  collector.line("[   12.345678] Mem-Info:", 70);
  EXPECT_FALSE(collector.holds());
  const Framed run = collector.finish();
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].text, "hog invoked oom-killer");
  EXPECT_EQ(run.lines[0].number, 2U);
}

}  // namespace
}  // namespace whyoom::logtext
