#include "logtext/csv_table.h"

#include <gtest/gtest.h>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

TEST(CsvTable, TheHeaderSaysWhichColumnIsTheMessage) {
  struct {
    const char *header, *row, *wall, *host;
  } const cases[] = {
      {"\"@timestamp\",\"host.hostname\",message",
       "\"Nov 23, 2026 @ 07:41:32.123\",\"vm1\",\"a, \"\"b\"\" c\"", "Nov 23, 2026 @ 07:41:32.123",
       "vm1"},
      {"insertId,jsonPayload.message,resource.labels.instance_id,timestamp",
       "1a,\"a, \"\"b\"\" c\",42,2026-11-23T07:41:32.1Z", "2026-11-23T07:41:32.1Z", "42"},
      {"TimeGenerated [UTC],Computer,Facility,SyslogMessage",
       "\"11/23/2026, 7:41:32.123 AM\",vm1,kern,\"a, \"\"b\"\" c\"", "11/23/2026, 7:41:32.123 AM",
       "vm1"},
      {"Date;Line;labels", "2026-11-23T07:41:32Z;\"a, \"\"b\"\" c\";x", "2026-11-23T07:41:32Z", ""},
      {"_time\thost\t_raw", "2026-11-23T07:41:32Z\tvm1\t\"a, \"\"b\"\" c\"", "2026-11-23T07:41:32Z",
       "vm1"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.header);
    const Framed run({c.header, c.row});
    ASSERT_EQ(run.lines.size(), 1U);
    EXPECT_EQ(run.lines[0].text, "a, \"b\" c");
    EXPECT_EQ(run.lines[0].wall, c.wall);
    EXPECT_EQ(run.lines[0].host, c.host);
    EXPECT_EQ(run.lines[0].number, 2U);
    EXPECT_EQ(run.lines[0].origin, Origin::relayed);  // who exported it could have written it
  }
}

TEST(CsvTable, OfSeveralColumnsTheMessageIsTheBest) {
  const Framed run({"time,text,error.message,Message", "07:41:32,a,b,c"});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].text, "c");
}

TEST(CsvTable, AMessageMayGoOverLines) {
  const Framed run(
      {"time,message", "07:41:32,\"active_anon:1", " active_file:2\"", "07:41:33,next"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[0].text, "active_anon:1");
  EXPECT_EQ(run.lines[1].text, " active_file:2");
  EXPECT_TRUE(run.lines[1].embedded);
  EXPECT_EQ(run.lines[1].number, 2U);
  EXPECT_EQ(run.lines[2].text, "next");
}

TEST(CsvTable, TheKernelsTimeInAMessageIsRead) {
  const Framed run({"time,message", "07:41:32,[   12.345678] hog invoked oom-killer: order=0"});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].monotonic_us, 12345678U);
  EXPECT_EQ(run.lines[0].text, "hog invoked oom-killer: order=0");
}

TEST(CsvTable, WhatAnotherProgramWroteIsItsOwn) {
  const Framed run({"time,ProcessName,message", "07:41:32,sshd,hog invoked oom-killer: order=0",
                    "07:41:33,kernel,hog invoked oom-killer: order=0"});
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].origin, Origin::other);
  EXPECT_EQ(run.lines[1].origin, Origin::relayed);
}

// A program can write what looks like a header, but not what stands first in the file.
TEST(CsvTable, OnlyTheFirstLineIsAHeader) {
  const Framed run({"[   12.345678] x", "time,host,message",
                    "hog invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[2].text, "hog invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0");
}

TEST(CsvTable, WhatIsNoRowIsALine) {
  const Framed run({"time,host,message", "[   12.345678] x", "", "a,b", "no time,vm1,text",
                    "hog invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0"});
  std::vector<std::string> texts;
  for (const Got& line : run.lines) {
    texts.push_back(line.text);
  }
  EXPECT_NE(std::ranges::find(texts, "x"), texts.end());
  EXPECT_NE(std::ranges::find(texts, "no time,vm1,text"), texts.end());
}

TEST(CsvTable, NoHeaderWithoutATimeOrAMessage) {
  for (const char* first :
       {"host,message", "time,host", "message", "time,message,1", "a;b", ",", "",
        "hog invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0"}) {
    const Framed run({first, "07:41:32,vm1"});
    ASSERT_FALSE(run.lines.empty()) << first;
    EXPECT_EQ(run.lines.back().text, "07:41:32,vm1") << first;
  }
}

TEST(CsvTable, AQuoteWithoutAnEndHidesNothing) {
  Collector collector;
  collector.line("time,message", 1);
  collector.line("07:41:32,\"open", 2);
  for (LineNumber number = 3; number < 3000; ++number) {
    collector.line("[   12.345678] Out of memory: Killed process 1 (x)", number);
  }
  const Framed run = collector.finish();
  std::size_t kills = 0;
  for (const Got& line : run.lines) {
    kills += line.text.starts_with("Out of memory") ? 1 : 0;
  }
  EXPECT_EQ(kills, 2997U);
}

}  // namespace
}  // namespace whyoom::logtext
