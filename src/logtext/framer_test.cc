#include "logtext/framer.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

TEST(Framer, PeelsEveryFramingOfOneLine) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(std::string(sample.raw));
    const Framed run({std::string(sample.raw)});
    ASSERT_EQ(run.lines.size(), 1U);
    const Got& got = run.lines[0];
    EXPECT_EQ(got.text, sample.text);
    EXPECT_EQ(got.monotonic_us, sample.monotonic_us);
    EXPECT_EQ(got.wall, sample.wall);
    EXPECT_EQ(got.host, sample.host);
    EXPECT_EQ(got.tag, sample.tag);
    EXPECT_EQ(got.origin, sample.origin);
    EXPECT_TRUE(got.framed);
    EXPECT_FALSE(got.continued);
    EXPECT_TRUE(run.damage.empty());
  }
}

TEST(Framer, LeavesUnframedReportLinesAsTheyAre) {
  for (const std::string_view line : report_lines()) {
    const Framed run({std::string(line)});
    ASSERT_EQ(run.lines.size(), 1U) << line;
    EXPECT_EQ(run.lines[0].text, line);
    EXPECT_FALSE(run.lines[0].framed) << line;
    EXPECT_EQ(run.lines[0].origin, Origin::unknown) << line;
  }
}

TEST(Framer, LeavesReportLinesAloneBehindEveryFraming) {
  for (const std::string_view prefix :
       {"[   12.345678] ", "[   12.345678][  T123] ", "<4>[   12.345678] ", "kern  :warn  : ",
        "[Mon Nov 23 07:41:32 2026] ", "2026-11-23T07:41:32,123456+00:00 ", "[  +0.000123] ",
        "Nov 23 07:41:32 host kernel: ", "Nov 23 07:41:32 host kernel: [   12.345678] ",
        "2026-11-23T07:41:32.123456+01:00 host kernel: ",
        "Mon Apr 12 18:29:38 2021 kern.warn kernel: [  267.720081] ",
        "<4>1 2026-11-23T07:41:32Z host kernel - - - ",
        "2026-11-23T07:41:32.1Z stdout F [   12.345678] ", "> ", "> > [   12.345678] ",
        "4,19685369,241227987535,-,caller=T12845;", "kernel: "}) {
    for (const std::string_view line : report_lines()) {
      const Framed run({std::string(prefix) + std::string(line)});
      ASSERT_EQ(run.lines.size(), 1U) << prefix << line;
      EXPECT_EQ(run.lines[0].text, line) << prefix;
      EXPECT_EQ(run.lines[0].framed, prefix != "> ") << prefix;
    }
  }
}

TEST(Framer, DoesNotTakeKernelTextForATagBehindABareTime) {
  for (const std::string_view line : report_lines()) {
    if (line.starts_with("hog[123]:")) {
      continue;  // nobody can tell this one from a tag
    }
    for (const std::string_view prefix : {"Nov 23 07:41:32 ", "2026-11-23T07:41:32.123456789Z "}) {
      const Framed run({std::string(prefix) + std::string(line)});
      ASSERT_EQ(run.lines.size(), 1U);
      EXPECT_EQ(run.lines[0].text, line) << prefix;
      EXPECT_EQ(run.lines[0].tag, "") << prefix << line;
    }
  }
}

TEST(Framer, ReadsTheCallerId) {
  for (const auto& [raw, caller] :
       {std::pair("[   12.345678][  T123] Mem-Info:", "T123"),
        std::pair("[   12.345678][   C1] Mem-Info:", "C1"),
        std::pair("[   12.345678] [ T4711] Mem-Info:", "T4711"),
        std::pair("<4>[   12.345678][T12] Mem-Info:", "T12"),
        std::pair("[Mon Nov 23 07:41:32 2026] [  T123] Mem-Info:", "T123"),
        std::pair("4,1,2,-,caller=C7;Mem-Info:", "C7")}) {
    const Framed run({raw});
    ASSERT_EQ(run.lines.size(), 1U);
    EXPECT_EQ(run.lines[0].text, "Mem-Info:") << raw;
    EXPECT_EQ(run.lines[0].caller, caller) << raw;
  }
}

TEST(Framer, KeepsTheMessagesOwnIndentation) {
  for (const std::string_view prefix :
       {"[   12.345678] ", "[   12.345678][  T123] ", "Nov 23 07:41:32 host kernel: ", "4,1,2,-;",
        "<4>[   12.345678] ", "2026-11-23T07:41:32,123456+00:00 ",
        "kernel: ", "2026-11-23T07:41:32Z stdout F [    1.000000] "}) {
    const Framed run({std::string(prefix) + "  active_file:1 \t\r"});
    ASSERT_EQ(run.lines.size(), 1U);
    EXPECT_EQ(run.lines[0].text, "  active_file:1") << prefix;
  }
}

TEST(Framer, GivesTheLinesOfOneKmsgRecord) {
  const Framed run({"4,100,5000,-;active_anon:1\\x0a active_file:2\\x0a free:3", " SUBSYSTEM=pci",
                    " DEVICE=b12:8", R"(6,101,5001,-;Mem\x2dInfo \x1b[0m \xc3\xa4)",
                    "12,102,5002,-;earlyoom[5]: sending SIGTERM", "4,103,5003,c;piece",
                    "4,103,5003,+;piece"});
  ASSERT_EQ(run.lines.size(), 7U);
  EXPECT_EQ(run.lines[0].text, "active_anon:1");
  EXPECT_FALSE(run.lines[0].continued);
  EXPECT_EQ(run.lines[1].text, " active_file:2");
  EXPECT_TRUE(run.lines[1].continued);
  EXPECT_EQ(run.lines[2].text, " free:3");
  EXPECT_EQ(run.lines[2].monotonic_us, 5000U);
  EXPECT_EQ(run.lines[3].text, "Mem-Info \\x1b[0m \xc3\xa4");
  EXPECT_EQ(run.lines[3].number, 4U);
  EXPECT_EQ(run.lines[4].origin, Origin::other);
  EXPECT_EQ(run.lines[4].tag, "earlyoom");
  EXPECT_EQ(run.lines[4].text, "sending SIGTERM");
  EXPECT_TRUE(run.lines[5].continued);
  EXPECT_TRUE(run.lines[6].continued);
}

TEST(Framer, DecodesTheWrappedRestOfAKmsgRecord) {
  const Framed run({"4,1,5000,-,caller=T9;active_anon:1", "inactive_anon:2\\x0a active_file:3"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[1].text, "inactive_anon:2");
  EXPECT_FALSE(run.lines[1].framed);
  EXPECT_FALSE(run.lines[1].continued);
  EXPECT_EQ(run.lines[2].text, " active_file:3");
  EXPECT_TRUE(run.lines[2].continued);
  EXPECT_EQ(run.lines[2].caller, "T9");
}

TEST(Framer, CountsGapsInKmsgSequences) {
  Collector collector;
  collector.line("4,100,1,-;a", 1);
  collector.line("4,104,2,-;b", 2);
  collector.line("4,900,3,-;c", 50);  // the caller left lines out
  collector.line("4,901,4,-;d", 51);
  const Framed run = collector.finish();
  ASSERT_EQ(run.lines.size(), 4U);
  EXPECT_EQ(run.lines[1].lost_before, 3U);
  EXPECT_EQ(run.lines[2].lost_before, 0U);
  EXPECT_EQ(run.lines[3].lost_before, 0U);
  ASSERT_EQ(run.damage.size(), 1U);
  EXPECT_EQ(run.damage[0].line, 2U);
}

TEST(Framer, SplitsRsyslogEscapes) {
  const Framed run(
      {"Nov 23 07:41:32 host kernel: [   12.345678] active_anon:1#012 active_file:2#011x",
       "Nov 23 07:41:32 host kernel: [   12.345679] Linux #1 SMP #0123 #033[0mok"});
  ASSERT_EQ(run.lines.size(), 4U);
  EXPECT_EQ(run.lines[0].text, "active_anon:1");
  EXPECT_EQ(run.lines[1].text, " active_file:2\tx");
  EXPECT_TRUE(run.lines[1].continued);
  EXPECT_EQ(run.lines[1].monotonic_us, 12345678U);
  EXPECT_EQ(run.lines[2].text, "Linux #1 SMP");
}

TEST(Framer, FollowsPaddedLinesOfJournalAndDmesg) {
  const Framed run(
      {"Nov 23 07:41:32 host kernel: active_anon:1", "                              active_file:2",
       "", "[   12.345678] active_anon:1", "                active_file:2", "  wrapped rest"});
  ASSERT_EQ(run.lines.size(), 6U);
  EXPECT_EQ(run.lines[1].text, " active_file:2");
  EXPECT_TRUE(run.lines[1].continued);
  EXPECT_FALSE(run.lines[1].framed);
  EXPECT_EQ(run.lines[1].tag, "kernel");
  EXPECT_EQ(run.lines[4].text, " active_file:2");
  EXPECT_EQ(run.lines[4].monotonic_us, 12345678U);
  EXPECT_EQ(run.lines[5].text, "  wrapped rest");
  EXPECT_FALSE(run.lines[5].continued);
}

TEST(Framer, KeepsTheMinuteOfDmesgHuman) {
  const Framed run({"[Nov23 07:41] hog invoked oom-killer", "[  +0.000123] Mem-Info:"});
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].wall, "Nov23 07:41");
  EXPECT_EQ(run.lines[1].text, "Mem-Info:");
  EXPECT_EQ(run.lines[1].wall, "Nov23 07:41");
  EXPECT_FALSE(run.lines[1].monotonic_us.has_value());
}

TEST(Framer, RepeatsCollapsedMessages) {
  const Framed run(
      {"Nov 23 07:41:32 host kernel: lowmem_reserve[]: 0 0",
       "Nov 23 07:41:33 host last message repeated 2 times",
       "Nov 23 07:41:34 host kernel: message repeated 2 times: [ [   12.345678] Node 0]",
       "Nov 23 07:41:35 host kernel: message repeated 4000000000 times: [ x]"});
  ASSERT_EQ(run.lines.size(), 5U + 10U);
  EXPECT_EQ(run.lines[1].text, "lowmem_reserve[]: 0 0");
  EXPECT_EQ(run.lines[2].text, "lowmem_reserve[]: 0 0");
  EXPECT_EQ(run.lines[2].number, 2U);
  EXPECT_EQ(run.lines[3].text, "Node 0");
  EXPECT_EQ(run.lines[4].text, "Node 0");
  EXPECT_EQ(run.lines[4].monotonic_us, 12345678U);
  EXPECT_EQ(run.lines[14].text, "x");
  ASSERT_EQ(run.damage.size(), 1U);
  EXPECT_EQ(run.damage[0].what, "4000000000 repetitions of one line, of which 10 are read");
}

TEST(Framer, CannotRepeatWhatItDidNotSee) {
  Collector collector;
  collector.line("Nov 23 07:41:32 host kernel: a", 1);
  collector.line("Nov 23 07:41:33 host last message repeated 2 times", 9);
  EXPECT_EQ(collector.finish().lines.size(), 1U);
}

TEST(Framer, NotesLostMessages) {
  struct Case {
    std::string_view raw;
    std::uint32_t lost;
  };
  for (const auto& [raw, lost] :
       {Case{"** 17 printk messages dropped **", 17},
        Case{"[   12.345678] ** 17 printk messages dropped **", 17},
        Case{"[   12.345678] printk: 5 messages suppressed.", 5},
        Case{"Nov 23 07:41:32 host systemd-journald[99]: Missed 12 kernel messages", 12},
        Case{"Nov 23 07:41:32 host systemd-journald[99]: /dev/kmsg buffer overrun, some messages "
             "lost.",
             1},
        Case{"Nov 23 07:41:32 host systemd-journald[99]: Suppressed 1234 messages from kernel",
             1234},
        Case{"Nov 23 07:41:32 host rsyslogd: imjournal: 33 messages lost due to rate-limiting", 33},
        Case{"** 99999999999999999 printk messages dropped **", 4294967295}}) {
    const Framed run({std::string(raw), "[   13.000000] Mem-Info:", "[   13.000001] x"});
    ASSERT_EQ(run.lines.size(), 2U) << raw;
    EXPECT_EQ(run.lines[0].lost_before, lost) << raw;
    EXPECT_EQ(run.lines[1].lost_before, 0U);
    ASSERT_EQ(run.damage.size(), 1U) << raw;
    EXPECT_EQ(run.damage[0].line, 1U);
  }
}

TEST(Framer, NotesLostMessagesInFrontOfALine) {
  const Framed run({"** 3 printk messages dropped ** [   12.345678] Mem-Info:"});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].text, "Mem-Info:");
  EXPECT_EQ(run.lines[0].lost_before, 3U);
  EXPECT_EQ(run.lines[0].monotonic_us, 12345678U);
}

TEST(Framer, PassesOnSuppressedCallbacks) {
  const Framed run({"[   12.345678] oom_kill_process: 12 callbacks suppressed"});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].text, "oom_kill_process: 12 callbacks suppressed");
  EXPECT_TRUE(run.damage.empty());
}

TEST(Framer, FindsKernelTextBehindOtherOutput) {
  for (const std::string_view raw : {"host login: [   12.345678] hog invoked oom-killer",
                                     "login: [   12.34] hog invoked oom-killer",
                                     "\033c\x1b[?7l\x1b[2Jo[   12.345678] hog invoked oom-killer",
                                     "50% done\r[   12.345678] hog invoked oom-killer\r",
                                     "| [   12.345678] hog invoked oom-killer",
                                     "web_1  | <4>[   12.345678] hog invoked oom-killer",
                                     "+[   12.345678] hog invoked oom-killer"}) {
    const Framed run({std::string(raw)});
    ASSERT_EQ(run.lines.size(), 1U) << raw;
    EXPECT_EQ(run.lines[0].text, "hog invoked oom-killer") << raw;
    EXPECT_TRUE(run.lines[0].framed);
  }
}

TEST(Framer, SplitsTwoKernelMessagesOnOneLine) {
  const Framed run({"[   12.345678] Node 0 DMA: 1*4kB [   12.345679] hog invoked oom-killer"});
  ASSERT_EQ(run.lines.size(), 2U);
  EXPECT_EQ(run.lines[0].text, "Node 0 DMA: 1*4kB");
  EXPECT_EQ(run.lines[1].text, "hog invoked oom-killer");
  EXPECT_EQ(run.lines[1].monotonic_us, 12345679U);
}

TEST(Framer, DoesNotLookInsideAnotherProgramsMessage) {
  const Framed run({"Nov 23 07:41:32 host app[7]: saw \"[   12.345678] hog invoked oom-killer\""});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].origin, Origin::other);
  EXPECT_EQ(run.lines[0].text, "saw \"[   12.345678] hog invoked oom-killer\"");
}

// A cgroup's name without what cannot be seen in it is another cgroup's.
TEST(Framer, KeepsWhatStandsInAPath) {
  for (const char* name : {"a\x1b[31mb", "a\ab",
                           "a\xe2\x80\x8b"
                           "b",
                           "a\xef\xbb\xbf"
                           "b",
                           "a\x7f"}) {
    const std::string path = std::string("/x/") + name;
    const std::string forks = "cgroup: fork rejected by pids controller in " + path;
    const std::string kill = "oom_memcg=" + path + ",task=hog";
    const Framed run(
        {"[   12.345678] " + forks, "[   12.345679] \x1b[1moom-kill:\x1b[0m" + kill + " x\x1b[0m"});
    ASSERT_EQ(run.lines.size(), 2U);
    EXPECT_EQ(run.lines[0].text, forks);
    EXPECT_EQ(run.lines[1].text, "oom-kill:" + kill + " x");
  }
}

TEST(Framer, CleansConsoleLines) {
  const Framed run({"\x1b[32m[   12.345678]\x1b[0m Mem-Info:\x1b[K\r\r",
                    std::string("\0[ 1.000000] a\0", 15), "[   12.3",
                    "\xef\xbb\xbf[   12.345680] b", "[\xc2\xa0  12.345681]\xc2\xa0z",
                    "\x1b]0;title\a[   12.345682] d\x1b", "[   12.345683] e <br>"});
  ASSERT_EQ(run.lines.size(), 7U);
  const std::vector<std::string> texts{"Mem-Info:", "a", "[   12.3", "b", "z", "d", "e"};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(run.lines[i].text, texts[i]);
    EXPECT_EQ(run.lines[i].framed, i != 2);
  }
}

TEST(Framer, KeepsBothKernelLinesAroundACarriageReturn) {
  const Framed run({"[   12.345678] hog invoked oom-killer\r[   12.345679] Mem-Info:",
                    "[   12.345680] Mem-I\r[   12.345680] Mem-Info:"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[0].text, "hog invoked oom-killer");
  EXPECT_EQ(run.lines[1].text, "Mem-Info:");
  EXPECT_EQ(run.lines[2].text, "Mem-Info:");
  EXPECT_EQ(run.lines[2].number, 2U);
}

TEST(Framer, DecodesUtf16) {
  for (const bool little : {true, false}) {
    // "[    1.000000] ä", newline, "[    2.000000] b", newline; cut at the byte 0x0A
    std::string file = little ? "\xff\xfe" : "\xfe\xff";
    for (const char16_t unit : std::u16string(u"[    1.000000] \u00e4\n[    2.000000] b\n")) {
      const auto low = static_cast<char>(unit & 0xff);
      const auto high = static_cast<char>(unit >> 8);
      file += little ? low : high;
      file += little ? high : low;
    }
    Collector collector;
    LineNumber number = 0;
    for (std::size_t end = file.find('\n'); end != std::string::npos; end = file.find('\n')) {
      collector.line(file.substr(0, end), ++number);
      file.erase(0, end + 1);
    }
    const Framed run = collector.finish();
    ASSERT_EQ(run.lines.size(), 2U);
    EXPECT_EQ(run.lines[0].text, "\xc3\xa4");
    EXPECT_EQ(run.lines[1].text, "b");
    EXPECT_EQ(run.lines[1].monotonic_us, 2000000U);
    EXPECT_TRUE(run.damage.empty());
  }
}

TEST(Framer, PutsPstorePartsInOrder) {
  Collector collector;
  collector.line("Panic#1 Part1", 1);
  collector.line("<4>[    3.000000] third", 2);
  collector.line("Panic#1 Part3", 3);
  collector.line("<4>[    1.000000] first", 4);
  collector.line("Panic#1 Part2", 5);
  collector.line("<4>[    2.000000] second", 6);
  EXPECT_TRUE(collector.holds());
  collector.line("Oops#2 Part1", 7);
  collector.line("<4>[    4.000000] fourth", 8);
  const Framed run = collector.finish();
  ASSERT_EQ(run.lines.size(), 4U);
  const std::vector<std::string> texts{"first", "second", "third", "fourth"};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(run.lines[i].text, texts[i]);
  }
  EXPECT_EQ(run.lines[0].number, 4U);
}

TEST(Framer, BoundsWhatPstorePartsHold) {
  Collector collector;
  collector.line("Panic#1 Part1", 1);
  const std::string line = "<4>[    3.000000] " + std::string(1000, 'x');
  LineNumber number = 1;
  for (int i = 0; i < 5000; ++i) {
    collector.line(line, ++number);
  }
  EXPECT_FALSE(collector.holds());
  const Framed run = collector.finish();
  EXPECT_EQ(run.lines.size(), 5000U);
  EXPECT_EQ(run.damage.size(), 1U);
}

TEST(Framer, FollowsAStreamThatChangesItsFraming) {
  const Framed run({"[   12.345678] a", "Nov 23 07:41:32 host kernel: b", "4,1,2,-;c", "d",
                    R"({"MESSAGE":"e","_TRANSPORT":"kernel"})", "> <4>[   12.345679] f",
                    "-- Boot 0a1b2c --", "2026-11-23T07:41:32+0000 host kernel: g"});
  std::string texts;
  for (const Got& got : run.lines) {
    texts += got.text;
  }
  EXPECT_EQ(texts, "abcdefg");
  EXPECT_EQ(run.lines[0].origin, Origin::unknown);
  EXPECT_EQ(run.lines[1].origin, Origin::kernel);
  EXPECT_FALSE(run.lines[3].framed);
  EXPECT_EQ(run.lines[4].origin, Origin::kernel);
}

// A line that has the kernel's time and no markup goes a shorter way. A blank at its end sends it
// the long one, which must come to the same.
TEST(Framer, TheShortWayOfAKernelLine) {
  const auto alike = [](const std::string& line) {
    const Framed quick({line}), slow({line + " "});
    ASSERT_EQ(quick.lines.size(), slow.lines.size()) << line;
    for (std::size_t i = 0; i < slow.lines.size(); ++i) {
      EXPECT_EQ(quick.lines[i].text, slow.lines[i].text);
      EXPECT_EQ(quick.lines[i].monotonic_us, slow.lines[i].monotonic_us);
      EXPECT_EQ(quick.lines[i].caller, slow.lines[i].caller);
      EXPECT_EQ(quick.lines[i].tag, slow.lines[i].tag);
      EXPECT_EQ(quick.lines[i].origin, slow.lines[i].origin);
      EXPECT_EQ(quick.lines[i].framed, slow.lines[i].framed);
    }
    EXPECT_EQ(quick.damage.size(), slow.damage.size());
  };
  for (const std::string time : {"[   12.345678] ", "[12345.678901] ", "[    1.234567][  T12] "}) {
    for (const std::string_view line : report_lines()) {
      alike(time + std::string(line));
    }
    for (const char* line : {"a \"quoted\" word, 'another'",
                             "{\"log\":\"x\"}",
                             "[b]hog[/b] x",
                             "[code]x",
                             "x [/code] y",
                             "x &lt;4&gt; y",
                             "x <br>",
                             "x <b>y</b>",
                             "[ 7] 0 7 [x]",
                             "\x1b[31mred\x1b[0m x",
                             "x\ty",
                             "x [",
                             "x\xc2\xa0y",
                             "** 5 printk messages dropped **",
                             "message repeated 2 times: [ x]",
                             "login: [   13.000000] x",
                             "systemd[1]: x",
                             "kernel: x",
                             "",
                             "'x', 'y'",
                             "\"x\", \"y\""}) {
      alike(time + line);
    }
  }
  for (const char* line :
       {"[   12.34567a] x", "[   12.345678 x", "[", "[1.", "[ 1.234567]", "[ 1.\"34567] \"x\""}) {
    alike(line);
  }
}

}  // namespace
}  // namespace whyoom::logtext
