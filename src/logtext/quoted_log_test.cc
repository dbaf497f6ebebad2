#include "logtext/quoted_log.h"

#include <gtest/gtest.h>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

constexpr std::string_view message = "hog invoked oom-killer: gfp_mask=0xcc0";

struct Row {
  std::string_view raw;
  bool handed_on;
};

TEST(QuotedLog, IsReadWithoutWhatIsAroundIt) {
  const Row rows[] = {
      {R"(1795143600000,"[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0")", false},
      {R"(2026-11-20T03:00:00Z,"[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0",17)", false},
      {R"(            "[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0", )", false},
      {R"(["[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0"])", false},
      {R"(b'[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0\n')", false},
      {R"(  - '[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0')", false},
      // What stands in the other columns may be a program's name.
      {R"("2026-11-20T03:00:00Z","web1","kernel","[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0")",
       true},
      {R"("Nov 20 03:00:00 web1 kernel: [   12.345678] hog invoked oom-killer: gfp_mask=0xcc0",web1)",
       true},
      {R"(stdout: "[   12.345678] hog invoked oom-killer: gfp_mask=0xcc0")", true},
  };
  for (const Row& row : rows) {
    const Framed run({std::string(row.raw)});
    ASSERT_EQ(run.lines.size(), 1U) << row.raw;
    EXPECT_EQ(run.lines[0].text, message) << row.raw;
    EXPECT_EQ(run.lines[0].monotonic_us, 12345678U) << row.raw;
    EXPECT_EQ(run.lines[0].handed_on, row.handed_on) << row.raw;
    EXPECT_EQ(run.lines[0].number, 1U);
  }
}

// CSV and YAML's '..' have none, and a name of a cgroup can hold what looks like one.
TEST(QuotedLog, HasEscapesOnlyInJson) {
  const std::string name = R"(oom_memcg=/x\n[    9.000000] Out of memory: Killed)";
  for (const std::string& raw :
       {"17,\"[    1.000001] " + name + "\"", "- '[    1.000001] " + name + "'",
        "\"2026-11-20T03:00:00Z\",\"[    1.000001] " + name + "\""}) {
    const Framed run({raw});
    ASSERT_EQ(run.lines.size(), 1U) << raw;
    EXPECT_EQ(run.lines[0].text, name) << raw;
  }
}

// Logs of programs with times in quotes, and kernel lines with quotes in a name.
TEST(QuotedLog, IsNoPartOfALine) {
  for (const std::string_view raw : {
           R"(time="2026-11-29T10:00:00.123Z" level=error msg="fork/exec: cannot allocate memory")",
           R"(finishedAt: "2026-11-29T10:00:00Z" reason: OOMKilled)",
           R"("2026-11-29 10:00:00","ERROR","unable to create native thread")",
           R"x(level=info msg="Nov 29 10:00:00 host kernel: Out of memory: Killed process 7 (x)")x",
           R"(audit: type=1701 pid=7 comm="<4>x" exe="/x")",
           R"("<4>a" invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0)",
           R"(="<4>a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0)",
       }) {
    std::string out;
    EXPECT_FALSE(find_quoted_log(raw, out).found) << raw;
  }
}

TEST(QuotedLog, BehindAProgramsMessageIsItsOwn) {
  const Framed run({"Nov 29 10:00:00 host app[12]: hello",
                    R"(                              "[    1.000001] one")",
                    R"("[    1.000001] two")", "[    2.000000] three"});
  ASSERT_EQ(run.lines.size(), 4U);
  EXPECT_LE(run.lines[1].origin, Origin::relayed);
  EXPECT_LE(run.lines[2].origin, Origin::relayed);
  EXPECT_EQ(run.lines[3].origin, Origin::unknown);
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

// What a record has beside its message is a part of it.
TEST(QuotedLog, OfARecordIsItsMessage) {
  const Framed run({R"({"log":"[    1.000001] one\n","attrs":[{"text":"a"},{"text":"b"}]})"});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].text, "one");
  const Framed nested(
      {R"({"aggs":[{"text":"a"},{"text":"b"}],"hits":[{"message":"[    1.000001] one","notes":[{"text":"x"},{"text":"y"}]},{"message":"[    1.000002] two"},{"message":"[    1.000003] three"}]})"});
  ASSERT_EQ(nested.lines.size(), 3U);
  EXPECT_EQ(nested.lines[2].text, "three");
}

TEST(QuotedLog, OfAnArrayOfRecordsInOneLine) {
  const Framed run({R"([{"message":"[    1.000001] one"},{"message":"[    1.000002] two"}])"});
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[1].text, "two");
  // The first line of an array that has a record in each.
  EXPECT_EQ(Framed({R"([{"MESSAGE":"one","_TRANSPORT":"kernel"},)"}).lines.at(0).origin,
            Origin::kernel);
}

// A hostile reader's: what is around them names a program, or may.
TEST(QuotedLog, IsHandedOnWhereSomebodyElseCouldHaveWrittenIt) {
  for (
      const std::string_view raw : {
          R"(["Nov 23 07:41:32 host alice[123]: [   12.345678] K"])",
          R"(2026-11-29T10:00:00Z,web1,bash,"[   12.345678] K")",
          R"(my key: "[   12.345678] K")",
          R"(10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "[   12.345678] K")",
          R"([ {"MESSAGE":"[   12.345678] K","_TRANSPORT":"syslog","_UID":"1000"} ])",
          R"("Nov 29 10:00:00 host bash[12]: x","[   12.345678] K is longer than the other")",
          R"("2026-11-29T10:00:00Z","TZ","[   12.345678] K")",
          R"(10.0.0.1,2026-11-29T10:00:00Z,200,512,"-","[   12.345678] K")",
      }) {
    const Framed run({std::string(raw)});
    for (const Got& got : run.lines) {
      EXPECT_TRUE(got.handed_on || got.origin == Origin::other) << raw << "\n" << got.text;
    }
  }
  const Framed console({"Nov 29 10:00:00 host bash[12]: x", R"({"InstanceId":"i","Output":"K"})"});
  EXPECT_TRUE(console.lines.back().handed_on);
  const Framed cell({R"("2026-11-29T10:00:00Z","Nov 29 10:00:00 h bash[1]: hello")", "K"});
  EXPECT_LE(cell.lines.back().origin, Origin::relayed);
}

TEST(QuotedLog, IsNoRowOfTheTaskTable) {
  std::string out;
  EXPECT_FALSE(find_quoted_log(R"([    186]     0   186  1 2 3 4 0 ,"[1.1] ab")", out).found);
  EXPECT_FALSE(find_quoted_log("MESSAGE: x invoked oom-killer: gfp_mask=0xcc0", out).found);
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
