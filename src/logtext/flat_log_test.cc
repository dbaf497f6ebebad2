#include "logtext/flat_log.h"

#include <gtest/gtest.h>

#include <string>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

using Lines = std::vector<std::string_view>;

#define FLAT_HEADER "hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
#define FLAT_KILL "Out of memory: Killed process 7 (hog) total-vm:9kB, anon-rss:5kB, file-rss:0kB"

TEST(FlatLog, IsSplitWhereFramesBegin) {
  EXPECT_EQ(
      split_flat_log("[    5.908405] " FLAT_HEADER " [    5.908830] Call Trace: [    5.908831]  "
                     "dump_stack+0x6b/0x83 [    5.908840] " FLAT_KILL),
      (Lines{"[    5.908405] " FLAT_HEADER " ", "[    5.908830] Call Trace: ",
             "[    5.908831]  dump_stack+0x6b/0x83 ", "[    5.908840] " FLAT_KILL}));
  EXPECT_EQ(split_flat_log("Nov 23 07:41:32 web kernel: [    5.908405] " FLAT_HEADER
                           " Nov 23 07:41:32 web kernel: [    5.908830] " FLAT_KILL),
            (Lines{"Nov 23 07:41:32 web kernel: [    5.908405] " FLAT_HEADER " ",
                   "Nov 23 07:41:32 web kernel: [    5.908830] " FLAT_KILL}));
  EXPECT_EQ(split_flat_log("2026-11-23T07:41:32+01:00 web kernel: " FLAT_HEADER
                           " 2026-11-23T07:41:33+01:00 web kernel: " FLAT_KILL)
                .size(),
            2U);
  EXPECT_EQ(
      split_flat_log("my log says [    5.908405] " FLAT_HEADER " [    5.908840] " FLAT_KILL),
      (Lines{"my log says ", "[    5.908405] " FLAT_HEADER " ", "[    5.908840] " FLAT_KILL}));
}

// Pages lose newlines without a blank in their place, and mark lines that go on.
TEST(FlatLog, IsSplitWhereAFrameFollowsAWord) {
#define FLAT_HEAD "Oct 14 10:22:40 localhost kernel: "
  const Framed run({FLAT_HEAD "[<ffffffff8163e648>] \u21aapage_fault+0x28/0x30" FLAT_HEAD
                              "Task in /foo killed as \u21aaa result of limit of /foo" FLAT_HEAD
                              "memory: usage 4kB, limit \u21aa4kB, failcnt 8"});
  ASSERT_EQ(run.lines.size(), 3U);
  EXPECT_EQ(run.lines[0].text, "[<ffffffff8163e648>] page_fault+0x28/0x30");
  EXPECT_EQ(run.lines[1].text, "Task in /foo killed as a result of limit of /foo");
  EXPECT_EQ(run.lines[2].text, "memory: usage 4kB, limit 4kB, failcnt 8");
  EXPECT_EQ(run.lines[2].origin, Origin::kernel);
  // A name that a user chose may have made it up; and a date alone is no frame.
  EXPECT_TRUE(split_flat_log(FLAT_HEAD "Memory cgroup stats for /a" FLAT_HEAD FLAT_KILL).empty());
  EXPECT_TRUE(split_flat_log(FLAT_HEAD "this line of another tells of a file named backup"
                                       "Oct 14 10:22:40 and of nothing else that is here")
                  .empty());
}

// A time right before the kernel's words is no frame: without a name they are not the kernel's.
TEST(FlatLog, AFrameThatIsNoneEndsToo) {
  EXPECT_LE(split_flat_log("2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: <6\":;>[   12.345678] "
                           "hog ller: 2023-12-04T10:49:30.127Zinvoked oom-killer: "
                           "2023-12-04T10:49:30.127Z In(05) vgfp_mask=0xcc0")
                .size(),
            4U);
}

TEST(FlatLog, IsSplitWhereNewlinesAreEscaped) {
  EXPECT_EQ(
      split_flat_log(R"(log: "[    5.908405] )" FLAT_HEADER R"(\n[    5.908830] Call Trace:\r\n)"
                     R"([    5.908840] )" FLAT_KILL R"(\n" of yesterday)"),
      (Lines{R"(log: ")", "[    5.908405] " FLAT_HEADER,
             "[    5.908830] Call Trace:", "[    5.908840] " FLAT_KILL, R"(" of yesterday)"}));
  EXPECT_EQ(
      split_flat_log(FLAT_HEADER R"(\nMem-Info:\nactive_anon:1 inactive_anon:2 isolated_anon:0)"),
      (Lines{FLAT_HEADER, "Mem-Info:", "active_anon:1 inactive_anon:2 isolated_anon:0"}));
}

TEST(FlatLog, OtherLinesStayWhole) {
  for (const std::string_view line :
       {// One frame, or a second time that is no frame of the kernel's.
        std::string_view("[    5.908405] " FLAT_HEADER),
        std::string_view("2026-11-23 07:41:32 backup begun at 2026-11-23 07:41:30, ended well, and "
                         "this line is longer than most others of its log are"),
        // Source code, and a string of it.
        std::string_view(R"(pr_err("%s: Killed process %d (%s) total-vm:%lukB\n", message, 1);)"
                         R"( pr_warn("%s invoked oom-killer: order=%d\n", current->comm, order);)"),
        // A record is taken apart by who knows it.
        std::string_view(R"({"log":"[    5.908405] a\n[    5.908406] b\n[    5.908407] c\n",)"
                         R"("stream":"stdout","time":"2026-11-23T07:41:32.123456789Z"})"),
        // The names of a cgroup and of a process, which users choose.
        std::string_view("[    5.908405] Memory cgroup stats for /a [    5.908406] " FLAT_HEADER
                         " [    5.908407] " FLAT_KILL),
        std::string_view("[    5.908405] [1.123456] x cpuset=/b [    5.908406] " FLAT_KILL
                         " mems_allowed=0 [    5.908407] a [    5.908407] b")}) {
    EXPECT_TRUE(split_flat_log(line).empty()) << line;
  }
}

TEST(FlatLog, LinesBehindAProgramsAreItsOwn) {
  const Framed run(
      {"Nov 23 07:41:32 web app[7]: said that this line is a long one of its own. "
       "Nov 23 07:41:32 web kernel: " FLAT_HEADER " Nov 23 07:41:32 web kernel: " FLAT_KILL});
  ASSERT_EQ(run.lines.size(), 1U);
  EXPECT_EQ(run.lines[0].origin, Origin::other);
  const Framed shown({R"(app "[    5.908405] )" FLAT_HEADER " [    5.908840] " FLAT_KILL});
  ASSERT_EQ(shown.lines.size(), 3U);
  EXPECT_TRUE(shown.lines[1].handed_on);
  EXPECT_TRUE(shown.lines[2].handed_on);
  const Framed kernels(
      {"Nov 23 07:41:32 web kernel: " FLAT_HEADER " Nov 23 07:41:32 web kernel: " FLAT_KILL});
  ASSERT_EQ(kernels.lines.size(), 2U);
  EXPECT_EQ(kernels.lines[0].text, FLAT_HEADER);
  EXPECT_EQ(kernels.lines[1].text, FLAT_KILL);
  EXPECT_EQ(kernels.lines[1].origin, Origin::kernel);
  EXPECT_FALSE(kernels.lines[1].handed_on);
}

}  // namespace
}  // namespace whyoom::logtext
