// Logs as people post them: without newlines, and with the kill quoted again and again.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;
using testing::read_log;

#define GLUED_KILL                                                                             \
  "Out of memory: Kill process 9682 (mysqld) score 9 or sacrifice child Killed process 9682, " \
  "UID 27, (mysqld) total-vm:47388kB, anon-rss:3744kB, file-rss:80kB "
#define GLUED_HEADER \
  "httpd invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0, oom_score_adj=0"

TEST(GluedLines, AreReadOneByOne) {
  const auto events = read_log("... " GLUED_KILL GLUED_HEADER
                               " httpd cpuset=/ mems_allowed=0 Pid: 8911, comm: httpd Not tainted "
                               "2.6.32-279.1.1.el6.i686 #1\n")
                          .events;
  ASSERT_EQ(events.size(), 2U);
  ASSERT_EQ(events[0].victims.size(), 1U);
  EXPECT_EQ(events[0].victims[0].comm, "mysqld");
  EXPECT_EQ(events[0].victims[0].pid, 9682);
  EXPECT_EQ(events[0].victims[0].score, 9);
  EXPECT_EQ(events[0].victims[0].anon_rss_kib, 3744U);
  EXPECT_EQ(events[0].victims[0].file_rss_kib, 80U);
  EXPECT_EQ(events[0].victims[0].uid, 27);
  ASSERT_TRUE(events[1].trigger);
  EXPECT_EQ(events[1].trigger->comm, "httpd");
  EXPECT_EQ(events[1].trigger->order, 0);
  EXPECT_EQ(events[1].cpuset, "/");
  ASSERT_TRUE(events[1].stack);
  EXPECT_EQ(events[1].stack->release, "2.6.32-279.1.1.el6.i686");
}

TEST(GluedLines, ANameIsNoLongerThanTheKernelsAre) {
  struct Case {
    std::string_view before, comm;
  };
  for (const auto& [before, comm] :
       {Case{"This is what the log of our server has to say about it: httpd", "httpd"},
        Case{"We have seen this for a week now, always in the night: web srv", "srv"},
        Case{"Web Content", "Web Content"}, Case{"... httpd", "httpd"}}) {
    const auto events = read_log(std::string(before) +
                                 " invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0\n")
                            .events;
    ASSERT_EQ(events.size(), 1U) << before;
    EXPECT_EQ(events[0].trigger->comm, comm);
  }
  // Where a line behind it says the name, it is known how many words it has.
  const auto events = read_log(
                          "and this is all that I have about the matter: web srv invoked "
                          "oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0 web srv "
                          "cpuset=/ mems_allowed=0\n")
                          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].trigger->comm, "web srv");
  const auto tagged = read_log(
                          "and this is all that I have about it: Jul 7 02:43:54 h kernel: java "
                          "invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0 "
                          "Jul 7 02:43:54 h kernel: java cpuset=/ mems_allowed=0\n")
                          .events;
  ASSERT_EQ(tagged.size(), 1U);
  EXPECT_EQ(tagged[0].trigger->comm, "java");
  const auto failure = read_log(
                           "and this is all that I have about the matter: kswapd0: page "
                           "allocation failure: order:2, mode:0x20\n")
                           .events;
  ASSERT_EQ(failure.size(), 1U);
  EXPECT_EQ(failure[0].trigger->comm, "kswapd0");
}

// Behind somebody's prose nothing is the kernel's but the header, as before.
TEST(GluedLines, WordsOfOthersOpenNoFurtherLine) {
  const auto events =
      read_log("usb 1-1: Product: x y z and some more of the name of it " GLUED_HEADER
               " " GLUED_KILL "\n")
          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].victims.empty());
  // The path of a cgroup is not the end of a line.
  const auto path = read_log("[   12.345678] Task in /x " GLUED_HEADER " " GLUED_KILL
                             " killed as a result of limit of /x\n")
                        .events;
  for (const Report& event : path) {
    EXPECT_TRUE(event.victims.empty());
    EXPECT_FALSE(event.trigger);
  }
}

#define QUOTED_INTENT "Out of memory: Kill process 17982 (java) score 77 or sacrifice child\n"
#define QUOTED_KILL                                                                     \
  "Killed process 17982 (java) total-vm:19803312kB, anon-rss:2540308kB, file-rss:0kB, " \
  "shmem-rss:0kB\n"

#define PROSE_INTENT "Out of memory: Kill process 5372 (mongod) score 130 or sacrifice child"
#define PROSE_KILL \
  "Out of memory: Killed process 7 (hog) total-vm:9kB, anon-rss:5kB, file-rss:0kB, shmem-rss:0kB"

TEST(GluedLines, AKillStandsBehindWordsThatAPunctuationPartsFromIt) {
  for (const std::string_view log :
       {"如下 " PROSE_INTENT,
        "it says: " PROSE_INTENT " Killed process 5372 (mongod), UID 0, "
        "total-vm:2539052kB, anon-rss:2117096kB, file-rss:0kB",
        "日志：" PROSE_INTENT "，请问怎么办？", "# " PROSE_INTENT,
        "app.log > \"" PROSE_INTENT "\""}) {
    const auto events = read_log(std::string(log) + "\n").events;
    ASSERT_EQ(events.size(), 1U) << log;
    ASSERT_EQ(events[0].victims.size(), 1U) << log;
    EXPECT_EQ(events[0].victims[0].comm, "mongod");
    EXPECT_EQ(events[0].victims[0].score, 130);
    EXPECT_FALSE(events[0].unverified.str().empty()) << "others could have written it";
  }
  EXPECT_EQ(read_log("Linux 日志: " PROSE_KILL "\n").events.size(), 1U);
  EXPECT_EQ(read_log("it says: Memory cgroup out of memory: Killed process 7 (hog) total-vm:9kB, "
                     "anon-rss:5kB, file-rss:0kB\n")
                .events.at(0)
                .kind,
            Kind::memcg_oom_kill);
}

TEST(GluedLines, ASentenceAboutKillsIsNone) {
  for (const std::string_view line :
       {"The kernel then prints " PROSE_INTENT, "It prints: " PROSE_INTENT " when memory is short",
        "for example: " PROSE_KILL " and other lines",
        "Its message: Out of Memory: Killed process 12345 (postgres).",
        "    pr_err(\"%s: Out of memory: Killed process %d (%s) total-vm:%lukB\", message, pid);",
        "msgid: Out of memory: Kill process %d (%s) score %u or sacrifice child",
        "Nov 23 07:41:32 web alice: look: " PROSE_KILL}) {
    EXPECT_TRUE(read_log(std::string(line) + "\n").events.empty()) << line;
  }
  const auto path = read_log("Memory cgroup stats for /a: " PROSE_KILL "\n").events;
  EXPECT_TRUE(path.at(0).victims.empty());
  // In the midst of a log it belongs to nothing.
  const auto log = read_log("[    5.908405] " GLUED_HEADER "\nit says: " PROSE_KILL "\n");
  ASSERT_EQ(log.events.size(), 1U);
  EXPECT_TRUE(log.events[0].victims.empty());
}

TEST(FlatReport, IsReadAsTheLinesThatItWas) {
  const std::string lines =
      "[   12.000001] " GLUED_HEADER
      "\n[   12.000002] httpd cpuset=/ mems_allowed=0\n[   12.000003] CPU: 0 PID: 812 Comm: httpd "
      "Not tainted 3.10.0-1062.el7.x86_64 #1\n[   12.000004] Mem-Info:\n[   12.000005] Node 0 "
      "Normal free:4000kB min:5000kB low:6250kB high:7500kB present:1048576kB managed:1000000kB\n"
      "[   12.000006] lowmem_reserve[]: 0 0 0 0\n[   12.000008] [ pid ]   uid  tgid total_vm      "
      "rss nr_ptes swapents "
      "oom_score_adj name\n[   12.000009] [  812]     0   812     9000      800      20        0   "
      "          0 httpd\n[   12.000010] Out of memory: Kill process 812 (httpd) score 9 or "
      "sacrifice child\n[   12.000011] Killed process 812 (httpd) total-vm:36000kB, "
      "anon-rss:3200kB, file-rss:0kB\n";
  const auto whole = read_log(lines).events;
  ASSERT_EQ(whole.size(), 1U);
  for (const std::string_view newline : {" ", "   ", "\\n"}) {
    const auto flat = read_log(replaced(lines, "\n", newline)).events;
    ASSERT_EQ(flat.size(), 1U) << newline;
    EXPECT_EQ(flat[0].trigger->comm, "httpd");
    EXPECT_EQ(flat[0].stack->release, whole[0].stack->release);
    ASSERT_EQ(flat[0].zones.size(), 1U) << newline;
    EXPECT_EQ(flat[0].zones[0].fields.count(), whole[0].zones[0].fields.count());
    EXPECT_EQ(flat[0].zones[0].lowmem_reserve, whole[0].zones[0].lowmem_reserve);
    EXPECT_EQ(flat[0].tasks.size(), 1U);
    ASSERT_EQ(flat[0].victims.size(), 1U);
    EXPECT_EQ(flat[0].victims[0].score, 9);
    EXPECT_EQ(flat[0].victims[0].anon_rss_kib, 3200U);
    EXPECT_TRUE(flat[0].unverified.str().empty());
  }
}

// Somebody's line of a thousand kills is no post: it is read in a time, and on a stack, that do not
// grow with their number.
TEST(GluedLines, OfALongLineAreNotTakenApart) {
  std::string line;
  for (int i = 0; i < 20'000; ++i) {
    line += GLUED_KILL;
  }
  EXPECT_LE(read_log(line + GLUED_HEADER "\n").events.size(), 2U);
}

TEST(QuotedKills, AreOneKill) {
  const std::string report =
      "[511250.459580] app invoked oom-killer: gfp_mask=0x201da, order=0, "
      "oom_score_adj=0\n"
      "[511250.459581] " QUOTED_INTENT "[511250.459642] " QUOTED_KILL;
  const std::string again = "[511250.459581] " QUOTED_INTENT "[511250.459642] " QUOTED_KILL;
  for (const std::string& log :
       {"Jul 27 13:29:54 kernel: " QUOTED_INTENT + report + "so it was this one:\n" + again,
        report + "Jul 27 13:29:54 kernel: " QUOTED_INTENT "Jul 27 13:29:54 kernel: " QUOTED_KILL,
        QUOTED_INTENT QUOTED_KILL + report + again}) {
    const auto events = read_log(log).events;
    ASSERT_EQ(events.size(), 1U) << log;
    ASSERT_TRUE(events[0].trigger) << log;
    ASSERT_EQ(events[0].victims.size(), 1U) << log;
    EXPECT_EQ(events[0].victims[0].score, 77) << log;
    EXPECT_EQ(events[0].victims[0].anon_rss_kib, 2540308U) << log;
  }
  EXPECT_EQ(read_log("Jul 27 13:29:54 kernel: " QUOTED_INTENT + report).events[0].time.wall,
            "Jul 27 13:29:54");
}

TEST(QuotedKills, OthersAreKillsOfTheirOwn) {
  const std::string kill = "[511250.459581] " QUOTED_INTENT "[511250.459642] " QUOTED_KILL;
  const auto kills = [](const std::string& log) {
    std::size_t count = 0;
    for (const Report& event : read_log(log).events) {
      count += event.victims.size();
    }
    return count;
  };
  EXPECT_EQ(kills(kill), 1U);
  EXPECT_EQ(kills(kill + kill), 1U);
  EXPECT_EQ(kills(kill + replaced(kill, "511250", "511290")), 2U);  // later
  EXPECT_EQ(kills(kill + replaced(kill, "2540308", "2540309").replace(8, 6, "459583")), 2U);
  EXPECT_EQ(kills("Jul 27 13:29:54 kernel: " + replaced(QUOTED_INTENT, "77", "78") + kill), 2U);
  EXPECT_EQ(kills("Jul 27 13:29:54 kernel: " + replaced(QUOTED_INTENT, "java", "jav") + kill), 2U);
  // Two clocks each: they would have to be the same.
  EXPECT_EQ(kills("Jul 27 13:29:54 h kernel: " QUOTED_INTENT
                  "Jul 28 13:29:54 h kernel: [511250.459581] " QUOTED_INTENT),
            2U);
}

// In one burst, without a clock.
TEST(QuotedKills, AProcessIsKilledOnce) {
  const std::string old =
      "Jul 19 05:19:24 h kernel: Out of Memory: Killed process 2368 (jserver).\n";
  const auto kills = [](const std::string& log) {
    std::vector<Victim> all;
    for (const Report& event : read_log(log).events) {
      all.insert(all.end(), event.victims.begin(), event.victims.end());
    }
    return all;
  };
  EXPECT_EQ(kills(old + old + old).size(), 1U);
  EXPECT_EQ(kills(old + replaced(old, "2368", "2369")).size(), 2U);
  EXPECT_EQ(kills(old + replaced(old, "jserver", "init")).size(), 2U);
  const std::string first =
      "kernel: Out of memory: Kill process 14313 (java) score 875 or sacrifice child\n"
      "kernel: Killed process 14313 (java) total-vm:8392456kB, anon-rss:7891232kB\n";
  const std::string newer =
      "kernel: Out of memory: Killed process 14313 (java) total-vm:8392456kB, anon-rss:7891232kB, "
      "file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:15432kB oom_score_adj:0\n";
  const auto once = kills(first + newer);
  ASSERT_EQ(once.size(), 1U);
  EXPECT_EQ(once[0].score, 875);
  EXPECT_EQ(once[0].uid, 1000);
  EXPECT_EQ(once[0].pgtables_kib, 15432U);
  EXPECT_EQ(once[0].oom_score_adj, 0);
  EXPECT_EQ(kills(first + replaced(newer, "7891232", "7891236")).size(), 2U);
}

// An article on the killer shows a line of this machine and two of that.
TEST(QuotedKills, TwoFramesAreTwoLogs) {
  const std::string first = "box kernel: Out of Memory: Killed process 2368 (jserver).\n";
  const std::string other =
      "or\n[  912.000001] Out of memory: Kill process 14313 (java) score 875 or sacrifice child\n"
      "[  912.000007] Killed process 14313 (java) total-vm:8392456kB, anon-rss:7891232kB\n";
  const auto events = read_log(first + other).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].victims.size(), 1U);
  EXPECT_EQ(events[1].victims.size(), 1U);
  EXPECT_EQ(read_log(other + replaced(other, "14313", "14314")).events.size(), 1U);
}

// The fault of a killed process finds no page: that is no kill more.
TEST(OldKernels, AProcessThatWasKilledBefore) {
  const std::string killed = "Out of Memory: Killed process 611 (hog).\n";
  const auto victims = [](const std::string& log) {
    const auto events = assemble(log);
    return events.empty() ? 0 : events[0].victims.size();
  };
  EXPECT_EQ(victims(killed + "VM: killing process hog\n"), 1U);
  EXPECT_EQ(victims(killed + "VM: killing process other\n"), 2U);
}

TEST(Slub, TheSameTroubleAgainIsCountedToItsLastLine) {
  const auto lines = [](const std::string& time, const std::string& cache) {
    return "[" + time + "48116] SLUB: Unable to allocate memory on node -1 (gfp=0x20)\n[" + time +
           "48122]   cache: " + cache +
           ", object size: 1024, buffer size: 1024, default order: 3, min order: 0\n[" + time +
           "48125]   node 0: slabs: 663, objs: 20964, free: 0\n";
  };
  const auto events = read_log(lines("96.4", "kmalloc-1024") + lines("96.5", "kmalloc-1024") +
                               lines("96.6", "dentry") + lines("99.1", "kmalloc-1024"))
                          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].last_line, 12U);
  EXPECT_EQ(events[0].slub->count, 3U) << "one is of another cache";
  EXPECT_EQ(events[0].slub->nodes.size(), 1U);
  EXPECT_EQ(read_log(lines("96.4", "kmalloc-1024")).events.at(0).slub->count, 1U);
}

TEST(SingleLines, WhatBeganFirstIsToldFirstAtTheEnd) {
  const auto events =
      read_log(
          "[ 1.0] cma: cma_alloc: linux,cma: alloc failed, req-size: 148 pages, ret: -16\n"
          "[ 1.1] Node 0 Normal free:351096kB min:30000kB low:37500kB high:45000kB\n"
          "[ 1.1] Normal: 78*4kB (UEC) 1772*8kB (UMEC) = 14488kB\n")
          .events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].first_line, 1U);
  EXPECT_EQ(events[1].first_line, 2U);
}

// A person shows the zones before the counters that the kernel printed first.
TEST(PartsInAnotherOrder, AreOneReport) {
  const std::string head =
      "[277622.359064] squid invoked oom-killer: gfp_mask=0x42d0, order=3, oom_score_adj=0\n";
  const std::string zone = "[277622.359382] DMA free:2332kB min:36kB low:44kB high:52kB\n";
  const auto counters = [](const std::string& time) {
    return "[" + time + "] active_anon:658515 inactive_anon:54399\n[" + time +
           "] active_file:1172176 inactive_file:323606\n";
  };
  const auto one = assemble(head + zone + counters("277622.359371"));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].totals.count(), 4U);
  EXPECT_FALSE(one[0].mixed_at);
  EXPECT_EQ(one[0].last_line, 4U);
  EXPECT_EQ(assemble(zone + counters("277622.359371")).size(), 1U);
  // Printed behind the zones, or before the head, they are of another report.
  EXPECT_EQ(assemble(head + zone + counters("277622.359382")).size(), 2U);
  EXPECT_EQ(assemble(head + zone + counters("277622.359401")).size(), 2U);
  EXPECT_EQ(assemble(head + zone + counters("277622.359063")).size(), 2U);
}

TEST(LinesOfALimit, BesideThoseOfALogASentenceIsNone) {
  const std::string said = "I see in dmesg\nnf_conntrack: table full, dropping packet\nagain.\n";
  const std::string log =
      "[1737157.057528] nf_conntrack: table full, dropping packet.\n"
      "[1737157.160357] nf_conntrack: table full, dropping packet.\n";
  for (const auto& text : {said + log, log + said}) {
    const auto events = assemble(text);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].limit_reached->count, 2U);
    EXPECT_EQ(events[0].first_line, text == said + log ? 4U : 1U);
    EXPECT_EQ(events[0].last_line, text == said + log ? 5U : 2U);
    EXPECT_EQ(events[0].time.monotonic_us, 1737157057528U);
  }
  EXPECT_EQ(assemble(said + said)[0].limit_reached->count, 2U);  // nothing else is known
  const std::string fork = "cgroup: fork rejected by pids controller in /a\n";
  const auto forks = assemble(fork + "[    1.000001] " + fork + fork);
  ASSERT_EQ(forks.size(), 1U);
  EXPECT_EQ(forks[0].fork_rejected->count, 1U);
  EXPECT_EQ(forks[0].first_line, 2U);
}

// 2.4 prints the second when the fault that made the request has no memory (do_page_fault()).
TEST(LinesOfAFault, AreOfTheRequestBeforeThem) {
  const std::string failed = "__alloc_pages: 0-order allocation failed (gfp=0x1d2/0)\n";
  const std::string larger = "__alloc_pages: 1-order allocation failed (gfp=0x1f0/0)\n";
  const std::string killed = "VM: killing process watchdog\n";
  const auto events = assemble(failed + killed + larger + failed + killed);
  ASSERT_EQ(events.size(), 3U);
  for (const std::size_t i : {0U, 2U}) {
    EXPECT_EQ(events[i].kind, Kind::oom_kill);
    EXPECT_EQ(events[i].outcome, Outcome::killed);
    ASSERT_EQ(events[i].victims.size(), 1U);
    EXPECT_EQ(events[i].victims[0].comm, "watchdog");
    EXPECT_EQ(events[i].trigger->order, 0);
  }
  EXPECT_EQ(events[1].kind, Kind::page_allocation_failure);
  EXPECT_EQ(events[1].trigger->order, 1);
  EXPECT_EQ(assemble(failed + "and then\n" + killed)[0].kind, Kind::page_allocation_failure);
}

}  // namespace
}  // namespace whyoom::report
