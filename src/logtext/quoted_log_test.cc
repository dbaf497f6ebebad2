#include "logtext/quoted_log.h"

#include <gtest/gtest.h>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

constexpr std::string_view message = "hog invoked oom-killer: gfp_mask=0xcc0";

TEST(QuotedLog, IsReadWithoutWhatIsAroundIt) {
  for (
      const std::string_view raw : {
          R"(1795143600000,"[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0")",
          R"("2026-11-20T03:00:00Z","web1","kernel","[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0")",
          R"("Nov 20 03:00:00 web1 kernel: [   12.345678] hog invoked oom-killer: gfp_mask=0xcc0",web1)",
          R"(2026-11-20T03:00:00Z,"[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0",x)",
          R"(            "[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0", )",
          R"(["[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0"])",
          R"(b'[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0\n')",
          R"(  - '[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0')",
      }) {
    const Framed run({std::string(raw)});
    ASSERT_EQ(run.lines.size(), 1U) << raw;
    EXPECT_EQ(run.lines[0].text, message) << raw;
    EXPECT_EQ(run.lines[0].monotonic_us, 12345678U) << raw;
    EXPECT_FALSE(run.lines[0].handed_on) << raw;
    EXPECT_EQ(run.lines[0].number, 1U);
  }
}

TEST(QuotedLog, OfAConsoleHasNoAuthor) {
  const Framed run({"{", R"(    "InstanceId": "i-1",)",
                    R"(    "Output": "BIOS\r\n[    1.000001] one\r\n[    1.000002] two",)",
                    R"(    "Timestamp": "2026-11-20T03:00:00Z")", "}"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[1].text, "one");
  EXPECT_EQ(run.lines[1].monotonic_us, 1000001U);
  EXPECT_EQ(run.lines[2].text, "two");
  EXPECT_FALSE(run.lines[2].continued);
  EXPECT_EQ(run.lines[2].origin, Origin::unknown);
  EXPECT_FALSE(run.lines[2].handed_on);
}

TEST(QuotedLog, CanBeAWholeLog) {
  const Framed run({R"("Output": "\u001b[0m[    1.000001] one \"two\"\r\n[    1.000002] a\\b",)"});
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].text, "one \"two\"");
  EXPECT_EQ(run.lines[1].text, "a\\b");
  EXPECT_EQ(run.lines[1].monotonic_us, 1000002U);
}

TEST(QuotedLog, GoesOnUntilItsQuoteIsClosed) {
  const Framed run(
      {R"("[    1.000001] Mem-Info: ""x"")", "active_anon:1", R"( free:2",web1)", "after"});
  ASSERT_EQ(run.lines.size(), 4U);
  EXPECT_EQ(run.lines[0].text, "Mem-Info: \"x\"");
  EXPECT_EQ(run.lines[1].text, "active_anon:1");
  EXPECT_EQ(run.lines[2].text, " free:2");
  EXPECT_EQ(run.lines[3].text, "after");
}

// What may be a key may be the tag of a program as well.
TEST(QuotedLog, BehindATagIsHandedOn) {
  const Framed run({R"(stdout: "[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0")"});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_TRUE(run.lines[0].handed_on);
}

TEST(QuotedLog, IsNotLookedForInALineWithAFrame) {
  const std::string_view name = R"(say ,"[    1.000001] x" now)";
  for (const std::string_view frame :
       {"[    2.000001] ", "<4>", "Nov 20 03:00:00 web1 bash[7]: ", "4,1,2,-;"}) {
    const Framed run({std::string(frame) + std::string(name)});
    ASSERT_FALSE(run.lines.empty()) << frame;
    EXPECT_NE(run.lines.back().text, "x") << frame;
  }
  std::string out;
  EXPECT_FALSE(find_quoted_log(R"(oom_memcg=/a,"[    1.000001] x")", out).found) << "a path";
  EXPECT_FALSE(find_quoted_log(R"(no "log" here)", out).found);
  EXPECT_FALSE(find_quoted_log(R"({"key":"[    1.000001] x"})", out).found) << "a record";
}

// What a query answers: Loki's values, CloudWatch's events, Elasticsearch's hits.
TEST(QuotedLog, IsEachLineOfAList) {
  for (
      const std::string_view raw : {
          R"({"status":"ok","data":{"result":[{"values":[["17","[    1.000001] one"],["18","[    1.000002] two"]]}]}})",
          R"(["[    1.000001] one","[    1.000002] two"])",
          R"({"events":[{"timestamp":1,"message":"[    1.000001] one"},{"message":"[    1.000002] two"}]})",
          R"({"hits":{"hits":[{"_source":{"message":"[    1.000001] one"}},{"_source":{"message":"[    1.000002] two"}}]}})",
      }) {
    const Framed run({std::string(raw)});
    ASSERT_EQ(run.lines.size(), 2U) << raw;
    EXPECT_EQ(run.lines[0].text, "one") << raw;
    EXPECT_EQ(run.lines[1].text, "two") << raw;
    EXPECT_EQ(run.lines[1].monotonic_us, 1000002U) << raw;
  }
}

TEST(QuotedLog, IsInAnObjectOverSeveralLines) {
  const Framed run({"ok: [web1] => {", R"(    "changed": false,)", R"(    "stdout_lines": [)",
                    R"(        "[    1.000001] one",)", R"(        "[    1.000002] two")", "    ]",
                    "}"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[1].text, "one");
  EXPECT_EQ(run.lines[1].number, 4U);
  EXPECT_EQ(run.lines[2].text, "two");
  EXPECT_EQ(run.lines[2].number, 5U);
  EXPECT_TRUE(run.lines[2].handed_on) << "any program can print such an object";
}

// A program can log fields of its own, and no MESSAGE.
TEST(QuotedLog, IsNoFieldOfAnEntryOfTheJournal) {
  EXPECT_TRUE(Framed({R"({"_TRANSPORT":"journal","EVIL":"[    1.000001] one"})"}).lines.empty());
  EXPECT_TRUE(
      Framed({"{", R"("EVIL" : "[    1.000001] one",)", R"("_UID" : "1000")", "}"}).lines.empty());
}

TEST(QuotedLog, OfGcloudAndOfAws) {
  const Framed run({"jsonPayload:", "  MESSAGE: 'Mem-Info: it''s'", "  MESSAGE: plain text",
                    "EVENTS\t1795143600000\t[    1.000001] one\t1795143600001"});
  ASSERT_EQ(run.lines.size(), 4U);
  EXPECT_EQ(run.lines[1].text, "Mem-Info: it's");
  EXPECT_EQ(run.lines[2].text, "plain text");
  EXPECT_EQ(run.lines[3].text, "one");
  EXPECT_TRUE(run.lines[1].handed_on && run.lines[2].handed_on && run.lines[3].handed_on);
}

}  // namespace
}  // namespace whyoom::logtext
