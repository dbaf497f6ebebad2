// What people and their tools put before a line when they post it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

#define POSTED "Out of memory: Killed process 7 (hog) total-vm:9kB, anon-rss:5kB, file-rss:0kB"
constexpr std::string_view posted = POSTED;

TEST(FramerPosts, MarksOfListsAndTablesHideNoDate) {
  for (const std::string_view mark :
       {"- ", "* ", "| ", "+ ", "# ", "> ", "  - ", "\u2022 ", "  12. "}) {
    const Framed run({std::string(mark) + "Nov 23 07:41:32 host kernel: [   12.345678] " POSTED});
    ASSERT_EQ(run.lines.size(), 1U) << mark;
    EXPECT_EQ(run.lines[0].text, posted) << mark;
    EXPECT_EQ(run.lines[0].wall, "Nov 23 07:41:32") << mark;
    EXPECT_EQ(run.lines[0].host, "host") << mark;
    EXPECT_EQ(run.lines[0].origin, Origin::kernel) << mark;
  }
  const Framed row({"| Nov 23 07:41:32 host kernel: Killed process 15 (nginx) | |"});
  EXPECT_EQ(row.lines[0].text, "Killed process 15 (nginx)");
  const Framed comment({"# [Mon Apr  8 14:32:15 2026] " POSTED});  // below a command in a listing
  EXPECT_EQ(comment.lines[0].text, posted);
  EXPECT_EQ(comment.lines[0].wall, "Mon Apr  8 14:32:15 2026");
  EXPECT_EQ(Framed({"# dmesg | grep Killed"}).lines[0].text, "# dmesg | grep Killed");
  // Not before words alone, and not behind a frame.
  EXPECT_EQ(Framed({"- " POSTED}).lines[0].text, "- " POSTED);
  const Framed said({"Nov 23 07:41:32 host alice[7]: - Nov 23 07:41:33 host kernel: " POSTED});
  EXPECT_EQ(said.lines[0].origin, Origin::other);
}

TEST(FramerPosts, ABarMarksAQuote) {
  for (const std::string_view mark : {"> | ", "| ", ">| ", "> > | ", "| > ", "  | "}) {
    const Framed run({std::string(mark) + POSTED, std::string(mark) + "[   12.345678] Mem-Info:",
                      std::string(mark) + " unevictable:0 dirty:0"});
    ASSERT_EQ(run.lines.size(), 3U) << mark;
    EXPECT_EQ(run.lines[0].text, posted) << mark;
    EXPECT_EQ(run.lines[0].origin, Origin::unknown) << mark;  // a person quoted it
    EXPECT_EQ(run.lines[1].text, "Mem-Info:") << mark;
    EXPECT_EQ(run.lines[2].text, " unevictable:0 dirty:0") << mark;
  }
  EXPECT_EQ(Framed({"| " POSTED " |   |"}).lines[0].text, posted);  // of a table
  EXPECT_EQ(Framed({"> |"}).lines[0].text, "");
  EXPECT_EQ(Framed({"|x| " POSTED}).lines[0].text, "|x| " POSTED);
  EXPECT_EQ(Framed({"> x |"}).lines[0].text, "x |");
  // Behind a program's line it may be the rest of that.
  const Framed said({"Nov 23 07:41:32 host alice[7]: a", "| " POSTED});
  EXPECT_EQ(said.lines[1].origin, Origin::relayed);
}

TEST(FramerPosts, AColumnMayNameTheKernel) {
  const Framed run({"20:04:22 kernel | " POSTED, "20:04:22 app | " POSTED});
  EXPECT_EQ(run.lines[0].text, posted);
  EXPECT_EQ(run.lines[0].origin, Origin::kernel);
  EXPECT_NE(run.lines[1].text, posted);
}

TEST(FramerPosts, FurtherLinesAreItemsOfTheSameList) {
  const Framed numbers({"  1. [   12.345678] active_anon:1", "  2. active_file:2 x:3",
                        "  3. free:4", "  5. free:5", "  6. [   12.345679] Mem-Info:", "7. a"});
  ASSERT_EQ(numbers.lines.size(), 6U);
  EXPECT_EQ(numbers.lines[1].text, " active_file:2 x:3");
  EXPECT_EQ(numbers.lines[2].text, " free:4");
  EXPECT_EQ(numbers.lines[3].text, "  5. free:5");  // another list
  EXPECT_EQ(numbers.lines[5].text, " a");
  const Framed marks({"- [   12.345678] active_anon:1", "- active_file:2", "* free:4",
                      "[   12.345679] Mem-Info:", "- free:5"});
  ASSERT_EQ(marks.lines.size(), 5U);
  EXPECT_EQ(marks.lines[1].text, "active_file:2");
  EXPECT_FALSE(marks.lines[1].framed);
  EXPECT_EQ(marks.lines[2].text, "* free:4");
  EXPECT_EQ(marks.lines[4].text, "- free:5");  // the list was over
}

TEST(FramerPosts, LabelsBeforeAKillAreNoKernels) {
  for (const std::string_view label :
       {"OOMKilling: ", "1 OOMKilling: ", "(x3) OOMKilling: ", "Message:   ", "dmesg: ",
        "  Warning  OOMKilling  5m  kernel-monitor  ",
        "5m   Warning   OOMKilling   node/worker-1   "}) {
    const Framed run({std::string(label) + POSTED});
    ASSERT_EQ(run.lines.size(), 1U) << label;
    EXPECT_EQ(run.lines[0].text, posted) << label;
    EXPECT_EQ(run.lines[0].origin, Origin::relayed) << label;
    EXPECT_TRUE(run.lines[0].handed_on) << label;
  }
  // Behind a frame that names a program, it is what the program says.
  const Framed said({"Nov 23 07:41:32 host alice[7]: OOMKilling: " POSTED});
  EXPECT_EQ(said.lines[0].origin, Origin::other);
  // A process can have such a name; and no other sentence is looked for behind such words.
  for (const std::string_view other :
       {"OOMKilling: invoked oom-killer: gfp_mask=0xcc0", "Message: hello", "note: " POSTED,
        "x OOMKilling: " POSTED}) {
    EXPECT_EQ(Framed({std::string(other)}).lines[0].text, other);
  }
}

TEST(FramerPosts, AHostWithoutATime) {
  const Framed run({"host kernel: " POSTED});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].text, posted);
  EXPECT_EQ(run.lines[0].host, "host");
  EXPECT_EQ(run.lines[0].tag, "kernel");
  EXPECT_EQ(Framed({"a kernel: invoked oom-killer: gfp_mask=0xcc0"}).lines[0].text,
            "a kernel: invoked oom-killer: gfp_mask=0xcc0");
  EXPECT_EQ(Framed({"see host kernel: " POSTED}).lines[0].text, "see host kernel: " POSTED);
}

// metalog writes no tag, and people cut it. A program can send such a line, too.
TEST(FramerPosts, AHostWithoutATag) {
  for (const std::string_view text :
       {POSTED, "Out of Memory: Killed process 29354 (slocate).", "oom-killer: gfp_mask=0xd0",
        "DMA per-cpu:", "cpu 0 hot: low 2, high 6, batch 1", "protections[]: 0 0 0",
        "DMA free:44kB min:60kB", "Node 0 DMA32: 1*4kB", "Free swap  = 0kB", "HighMem: empty",
        "130 total pagecache pages", "[ pid ]   uid  tgid", "[ 2687]     0  2687  1 sh",
        "run-crons: page allocation failure. order:0, mode:0x1d2",
        "cron invoked oom-killer: gfp_mask=0xd0, order=0", "cron cpuset=/ mems_allowed=0"}) {
    const Framed run({"Nov 17 06:19:31 sleepy " + std::string(text)});
    ASSERT_EQ(run.lines.size(), 1U) << text;
    EXPECT_EQ(run.lines[0].text, text);
    EXPECT_EQ(run.lines[0].host, "sleepy") << text;
    EXPECT_EQ(run.lines[0].tag, "") << text;
    EXPECT_EQ(run.lines[0].origin, Origin::relayed) << text;
  }
  // Without a host the first words are the kernel's own.
  for (const std::string_view text :
       {"DMA: 1*4kB 0*8kB", "Mem-Info:", "Node 0 DMA free:44kB min:60kB", "Free swap  = 0kB",
        "free:8407 slab_reclaimable:8749 x:1", "Out of memory: Killed process 1 (a)",
        "cron invoked oom-killer: gfp_mask=0xd0, order=0", "swapper: page allocation failure."}) {
    const Framed run({"Nov 17 06:19:31 " + std::string(text)});
    EXPECT_EQ(run.lines[0].text, text);
    EXPECT_EQ(run.lines[0].host, "") << text;
    EXPECT_EQ(run.lines[0].origin, Origin::unknown) << text;
  }
  // Behind a time of another form a name may have a blank.
  const Framed name({"Mon Aug 24 11:42:07 2026 Web Content invoked oom-killer: gfp_mask=0xd0"});
  EXPECT_EQ(name.lines[0].text, "Web Content invoked oom-killer: gfp_mask=0xd0");
  const Framed said({"Nov 17 06:19:31 sleepy cron[7]: Mem-Info:", "Nov 17 06:19:31 sleepy cron: a",
                     "Nov 17 06:19:31 sleepy app[9]: x invoked oom-killer: gfp_mask=0xcc0",
                     "Nov 17 06:19:31 sleepy app: x cpuset=/ mems_allowed=0"});
  for (const auto& line : said.lines) {
    EXPECT_EQ(line.origin, Origin::other) << line.text;
  }
}

TEST(FramerPosts, AYearBehindTheClockIsNoHost) {
  const Framed year({"Dec 27 09:19:05 2013 kernel: : [277622.359064] " POSTED});
  ASSERT_EQ(year.lines.size(), 2U);
  EXPECT_EQ(year.lines[0].text, ":");
  EXPECT_EQ(year.lines[0].host, "");
  EXPECT_EQ(year.lines[0].wall, "Dec 27 09:19:05 2013");
  EXPECT_EQ(year.lines[1].host, "");
  EXPECT_EQ(year.lines[1].text, posted);
  const Framed both({"Dec 27 09:19:05 2013 web1 kernel: " POSTED});
  EXPECT_EQ(both.lines[0].host, "web1");
  EXPECT_EQ(both.lines[0].wall, "Dec 27 09:19:05 2013");
  const Framed number({"Dec 27 09:19:05 7013 kernel: " POSTED});
  EXPECT_EQ(number.lines[0].host, "7013");
  EXPECT_EQ(number.lines[0].wall, "Dec 27 09:19:05");
}

TEST(FramerPosts, AHostThatWasTakenOut) {
  for (const std::string host : {"<hostname>", "[web1]", "{host}"}) {
    const Framed run({"Oct 07 19:16:10 " + host + " kernel: " POSTED});
    EXPECT_EQ(run.lines[0].text, posted) << host;
    EXPECT_EQ(run.lines[0].host, host);
    EXPECT_EQ(run.lines[0].origin, Origin::kernel);
    const Framed daemon({"Oct 07 19:16:10 " + host + " earlyoom[26328]: sending"});
    EXPECT_EQ(daemon.lines[0].tag, "earlyoom") << host;
    EXPECT_EQ(daemon.lines[0].text, "sending");
    EXPECT_EQ(daemon.lines[0].origin, Origin::other);
  }
  // Only before a tag that cannot be mistaken.
  for (const std::string_view text : {"[T123] foo: a", "<hostname> foo: a", "[web1] a"}) {
    EXPECT_EQ(Framed({"Oct 07 19:16:10 " + std::string(text)}).lines[0].host, "") << text;
  }
}

TEST(FramerPosts, TheWallClockBehindTheKernels) {
  const Framed run({"[   36.172486] [03-19 10:05:52.172] " POSTED,
                    "[   36.172487] [2026-03-19 10:05:52.172] DMA32: 0*4kB",
                    "[   36.172488] [T12] [03-19 10:05:52.172] node 0: slabs: 53,objs: 3392"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[0].text, posted);
  EXPECT_EQ(run.lines[0].wall, "03-19 10:05:52.172");
  EXPECT_EQ(run.lines[0].monotonic_us, 36172486U);
  EXPECT_EQ(run.lines[1].text, "DMA32: 0*4kB");
  EXPECT_EQ(run.lines[2].text, "node 0: slabs: 53,objs: 3392");
  // Short enough, it can be a process's name.
  EXPECT_EQ(Framed({"[   36.172486] [.10:05:52.17] cpuset=/"}).lines[0].text,
            "[.10:05:52.17] cpuset=/");
}

TEST(FramerPosts, OtherFramesOfPosts) {
  EXPECT_EQ(Framed({"KERNEL: " POSTED}).lines[0].text, posted);
  EXPECT_EQ(Framed({"KERNEL: " POSTED}).lines[0].origin, Origin::kernel);
  EXPECT_EQ(Framed({"#1 [Fri Apr 19 11:14:27 2019] " POSTED}).lines[0].text, posted);
  EXPECT_EQ(Framed({"#1 " POSTED}).lines[0].text, "#1 " POSTED);
  EXPECT_EQ(Framed({"[2:   Binder:714_1:  744] cma: a"}).lines[0].text, "cma: a");
  EXPECT_EQ(Framed({"[2:Binder] cma: a"}).lines[0].text, "[2:Binder] cma: a");
  const Framed logcat({"07-01 12:00:00.123 I/lowmemorykiller( 200): Kill"});
  EXPECT_EQ(logcat.lines[0].text, "Kill");
  EXPECT_EQ(logcat.lines[0].tag, "lowmemorykiller");
  EXPECT_EQ(logcat.lines[0].origin, Origin::other);
}

}  // namespace
}  // namespace whyoom::logtext
