// Who is believed: the outermost frame that names an author decides, and what is inside of it can
// only take belief away.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

#define KILL "Out of memory: Killed process 1 (init) total-vm:1kB, anon-rss:1kB, file-rss:0kB"
constexpr std::string_view kill = KILL;

TEST(Trust, CanOnlyFall) {
  Trust trust;
  EXPECT_EQ(trust, Origin::unknown);
  for (const auto& [named, now] :
       {std::pair(Origin::unknown, Origin::unknown), std::pair(Origin::kernel, Origin::kernel),
        std::pair(Origin::unknown, Origin::kernel), std::pair(Origin::relayed, Origin::relayed),
        std::pair(Origin::kernel, Origin::relayed), std::pair(Origin::other, Origin::other),
        std::pair(Origin::relayed, Origin::other), std::pair(Origin::kernel, Origin::other)}) {
    trust.lower(named);
    EXPECT_EQ(trust, now);
  }
  EXPECT_TRUE(trust.handed_on());
  Trust fresh;
  fresh.lower(Origin::other);
  EXPECT_FALSE(fresh.handed_on());
}

// Every author outside, every frame inside: what comes out is never more than the outer one.
TEST(Trust, NoFrameInsideRaisesTheAuthorOutside) {
  struct Outer {
    std::string_view before, after;
    Origin most;
  };
  constexpr Outer outers[] = {
      {"Nov 23 07:41:32 host alice[123]: ", "", Origin::other},
      {"Nov 23 07:41:32 host alice: ", "", Origin::other},
      {"Nov 23 07:41:32 host kernel[123]: ", "", Origin::other},
      {"2026-11-23T07:41:32.123456+01:00 host alice[123]: ", "", Origin::other},
      {"<13>1 2026-11-23T07:41:32Z host alice 7 - - ", "", Origin::other},
      {"<13>1 2026-11-23T07:41:32Z host kernel 7 - - ", "", Origin::other},
      {"1 2026-11-23T07:41:32Z host kernel 7 - - ", "", Origin::other},
      {"<13>Nov 23 07:41:32 host kernel: ", "", Origin::other},
      {"<12>", "", Origin::other},
      {"user  :warn  : ", "", Origin::other},
      {"Mon Apr 12 18:29:38 2021 daemon.info alice: ", "", Origin::other},
      {"12,1234,12345678,-;", "", Origin::other},
      {"11-23 07:41:32.123  1234  1235 W kernel  : ", "", Origin::relayed},
      {"11-23 07:41:32.123  1234  1235 W         : ", "", Origin::relayed},
      {"11-23 07:41:32.123  1234  1235 W alice   : ", "", Origin::other},
      {"2026-11-23T07:41:32.1Z stdout F ", "", Origin::relayed},
      {"  Warning  OOMKilling  9m  kernel-monitor, node-1  ", "", Origin::relayed},
      {R"({"log":")", R"(","stream":"stdout"})", Origin::relayed},
      {R"({"textPayload":")", R"("})", Origin::relayed},
      {R"({"jsonPayload":{"_TRANSPORT":"kernel","MESSAGE":")", R"("}})", Origin::relayed},
      {R"({"stream":"stdout","_TRANSPORT":"kernel","MESSAGE":")", R"("})", Origin::relayed},
      {R"({"_TRANSPORT":"syslog","MESSAGE":")", R"("})", Origin::other},
      {R"({"_TRANSPORT":"stdout","MESSAGE":")", R"("})", Origin::other},
      {R"({"MESSAGE":")", R"(","_TRANSPORT":"journal","SYSLOG_IDENTIFIER":"kernel"})",
       Origin::other},
      {R"({"_TRANSPORT":"kernel","SYSLOG_FACILITY":"1","MESSAGE":")", R"("})", Origin::other},
      {R"({"_TRANSPORT":["syslog","kernel"],"MESSAGE":")", R"("})", Origin::other},
      {R"({"_TRANSPORT":"syslog","_TRANSPORT":"kernel","MESSAGE":")", R"("})", Origin::other},
  };
  constexpr std::string_view inners[] = {
      "",
      "[  123.456789] ",
      "[  123.456789] [  123.456790] ",
      "x [  123.456789] ",
      "<4>",
      "<4>[  123.456789] ",
      "kern  :warn  : ",
      "4,1,2,-;",
      "kernel: ",
      "kernel:[  123.456789] ",
      "Nov 23 07:41:32 host kernel: ",
      "Nov 23 07:41:32 host kern.warn kernel: [  123.456789] ",
      "<4>1 2026-11-23T07:41:32Z host kernel - - - ",
      "2026-11-23T07:41:32.1Z stdout F [  123.456789] ",
      "11-23 07:41:32.123     0     0 W         : ",
      "2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: <6>[  123.456789] ",
      "** 3 printk messages dropped ** [  123.456789] ",
      "message repeated 2 times: [ [  123.456789] ",
      "1. <4>[  123.456789] ",
      "x\\nNov 23 07:41:32 host kernel: ",
      "x#012[  123.456789] ",
      "\"[  123.456789] ",
      "x,\"[  123.456789] ",
      "\"Output\": \"[  123.456789] ",
      "- '[  123.456789] ",
  };
  for (const Outer& outer : outers) {
    for (const std::string_view inner : inners) {
      if (outer.before.find('{') != std::string_view::npos && inner.find('"') != inner.npos) {
        continue;  // would be no JSON
      }
      const std::string raw =
          std::string(outer.before) + std::string(inner) + KILL + std::string(outer.after);
      SCOPED_TRACE(raw);
      const Framed run({raw});
      EXPECT_FALSE(run.lines.empty());
      for (const Got& got : run.lines) {
        EXPECT_LE(got.origin, outer.most) << got.text;
        if (outer.most == Origin::relayed) {
          EXPECT_TRUE(got.handed_on);
        }
      }
    }
  }
}

TEST(Trust, ReadsNoRecordInsideOfAProgramsMessage) {
  const Framed run({R"({"MESSAGE":"{\"MESSAGE\":\")" KILL
                    R"(\",\"_TRANSPORT\":\"kernel\"}","_TRANSPORT":"syslog"})"});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].origin, Origin::other);
  EXPECT_TRUE(run.lines[0].text.starts_with("{\"MESSAGE\":"));
}

TEST(Trust, BelievesTheKernelsOwnRecords) {
  for (const std::string_view raw :
       {R"({"_TRANSPORT":"kernel","SYSLOG_FACILITY":"0","MESSAGE":")" KILL
        R"(","SYSLOG_IDENTIFIER":"kernel"})",
        R"({"MESSAGE":")" KILL R"(","_TRANSPORT":"kernel"})", "<4>[   12.345678] " KILL,
        "4,1,2,-;" KILL, "11-23 07:41:32.123     0     0 W         : " KILL}) {
    const Framed run({std::string(raw)});
    ASSERT_EQ(run.lines.size(), 1U) << raw;
    EXPECT_EQ(run.lines[0].origin, Origin::kernel) << raw;
    EXPECT_EQ(run.lines[0].text, kill);
  }
  // Nobody is named: who gave the file has to know.
  EXPECT_EQ(Framed({"[   12.345678] " KILL}).lines[0].origin, Origin::unknown);
}

TEST(Trust, ATagNamesTheKernel) {
  for (const std::string_view raw :
       {"Nov 23 07:41:32 host kernel: " KILL, "1 2026-11-23T07:41:32Z host kernel - - - " KILL,
        "Nov 23 07:41:32 host [   12.345678] " KILL, "kernel: " KILL,
        R"({"MESSAGE":")" KILL R"(","SYSLOG_IDENTIFIER":"kernel"})"}) {
    const Framed run({std::string(raw)});
    ASSERT_EQ(run.lines.size(), 1U) << raw;
    EXPECT_GE(run.lines[0].origin, Origin::kernel) << raw;
  }
}

TEST(Trust, FurtherLinesAreOfTheAuthorOfTheFirst) {
  const std::string pad(std::string_view("Nov 23 07:41:32 host alice[1]: ").size(), ' ');
  const Framed padded({"Nov 23 07:41:32 host alice[1]: hi", pad + KILL,
                       pad + "Nov 23 07:41:32 host kernel: " KILL, pad + "[  123.456789] " KILL,
                       pad + "Nov 23 07:41:32 host earlyoom[7]: sending SIGTERM"});
  ASSERT_EQ(padded.lines.size(), 5U);
  for (const Got& got : padded.lines) {
    EXPECT_EQ(got.origin, Origin::other) << got.text;
    EXPECT_EQ(got.tag, "alice");
  }
  // Without any padding nobody can tell; it is not the kernel's for sure.
  const Framed bare({"Nov 23 07:41:32 host alice[1]: hi", KILL,
                     "Nov 23 07:41:33 host kernel: Mem-Info:", "active_anon:1"});
  ASSERT_EQ(bare.lines.size(), 4U);
  EXPECT_EQ(bare.lines[1].origin, Origin::relayed);
  EXPECT_EQ(bare.lines[3].origin, Origin::unknown);
}

TEST(Trust, AMessageOfTheJournalDoesNotLeaveItsEntry) {
  const Framed verbose({"Mon 2026-11-23 07:41:32.123456 UTC [s=1;i=2]", "    MESSAGE=hi",
                        "            ", "            Nov 23 07:41:32 host kernel: " KILL,
                        "            MESSAGE=" KILL, "    FIELD=a", "          _TRANSPORT=kernel",
                        "    _TRANSPORT=syslog", "    SYSLOG_IDENTIFIER=alice",
                        "Mon 2026-11-23 07:41:33.123456 UTC [s=1;i=3]",
                        "    MESSAGE=Mem-Info:", "    _TRANSPORT=kernel"});
  for (const Got& got : verbose.lines) {
    EXPECT_LE(got.origin, got.text == "Mem-Info:" || got.text.starts_with("[s=") ? Origin::unknown
                                                                                 : Origin::other)
        << got.text;
  }
  EXPECT_EQ(verbose.lines.back().text, "Mem-Info:");
  EXPECT_EQ(verbose.lines.back().origin, Origin::kernel);
}

// A field that is too big to be held is passed over, not read as lines.
TEST(Trust, ABigFieldOfTheJournalIsNoText) {
  const std::string line = "Nov 23 07:41:32 host kernel: " KILL;
  std::string message;
  while (message.size() < (300U << 10U)) {
    message += line + "\n";
  }
  std::string length;
  for (std::size_t left = message.size(); length.size() < 8; left >>= 8U) {
    length += static_cast<char>(left & 0xffU);
  }
  std::string file = "__CURSOR=s=1\n_TRANSPORT=syslog\nMESSAGE\n" + length + message +
                     "\nPRIORITY=3\n\n__CURSOR=s=2\n_TRANSPORT=kernel\nMESSAGE=Mem-Info:\n\n" +
                     line + "\n";
  Collector collector;
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t end = file.find('\n', at);
    collector.line(std::string_view(file).substr(at, end - at), ++number);
    at = end + 1;
  }
  const Framed run = collector.finish();
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].text, "Mem-Info:");
  EXPECT_EQ(run.lines[0].origin, Origin::kernel);
  // In no entry, where all is in entries.
  EXPECT_EQ(run.lines[1].text, kill);
  EXPECT_EQ(run.lines[1].origin, Origin::relayed);
}

TEST(Trust, TellsEmbeddedLines) {
  const Framed run({R"({"_TRANSPORT":"kernel","MESSAGE":"x\nMem-Info:"})",
                    "Nov 23 07:41:32 host kernel: x#012Mem-Info:", "4,1,2,-;x\\x0aMem-Info:",
                    "[   12.345678] x", "               Mem-Info:", "[   12.345678] Mem-Info:"});
  ASSERT_EQ(run.lines.size(), 9U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(run.lines[i].embedded, i % 2 == 1) << i;
  }
  EXPECT_FALSE(run.lines[8].embedded);
}

TEST(Trust, ANameWithATimeInItDoesNotSplitALine) {
  for (const std::string_view text :
       {"Out of memory: Killed process 12 (a[12.345678] x) total-vm:9kB, anon-rss:1kB",
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
        "oom_memcg=/a[   12.345678] " KILL ",task_memcg=/a,task=b,pid=1,uid=0",
        "cgroup: fork rejected by pids controller in /a/[   12.345678] " KILL}) {
    const Framed run({"[   12.345678] " + std::string(text)});
    ASSERT_EQ(run.lines.size(), 1U) << text;
    EXPECT_EQ(run.lines[0].text, text);
  }
}

TEST(Trust, AProgramsWordOfLossesIsNotTheKernels) {
  const Framed run({"Nov 23 07:41:32 host alice[1]: Missed 12 kernel messages",
                    "Nov 23 07:41:32 host kernel: Mem-Info:",
                    "Nov 23 07:41:32 host alice[1]: last message repeated 2 times",
                    R"({"MESSAGE":"Missed 9 kernel messages","_TRANSPORT":"syslog","_UID":"1000",)"
                    R"("SYSLOG_IDENTIFIER":"systemd-journald"})"});
  for (const Got& got : run.lines) {
    EXPECT_EQ(got.lost_before, 0U);
    EXPECT_EQ(got.origin == Origin::kernel, got.number == 2);
  }
  EXPECT_TRUE(run.damage.empty());
}

TEST(Trust, AProcessNamedLikeADaemonHidesNoReport) {
  for (const std::string_view frame : {"[   12.345678] ", "<4>[   12.345678] ", "4,1,2,-;"}) {
    const Framed run({std::string(frame) + "systemd[1]: invoked oom-killer: gfp_mask=0xcc0"});
    ASSERT_EQ(run.lines.size(), 1U);
    EXPECT_EQ(run.lines[0].text, "systemd[1]: invoked oom-killer: gfp_mask=0xcc0");
    EXPECT_GE(run.lines[0].origin, Origin::kernel);
  }
}

}  // namespace
}  // namespace whyoom::logtext
