// What a report lacks is named, and nothing that its kernel does not print.
#include <gtest/gtest.h>

#include <algorithm>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;
using testing::sample_report;
using testing::split;

using Names = std::vector<std::string>;

// Of the sample without each line that has one of these words.
Names missing_without(std::initializer_list<const char*> words) {
  std::string text;
  for (const std::string& line : split(sample_report(), '\n')) {
    const bool lost = std::ranges::any_of(
        words, [&](const char* word) { return line.find(word) != std::string::npos; });
    text += lost ? "" : line + "\n";
  }
  const auto events = assemble(text);
  return events.size() == 1 ? missing_parts(events[0]) : Names{"not one event"};
}

TEST(Missing, EachPartThatHoldsAVerdictBack) {
  EXPECT_EQ(missing_without({}), Names{});
  EXPECT_EQ(missing_without({"shmem:"}), Names{"totals"});
  EXPECT_EQ(missing_without({"slab_reclaimable:"}), Names{"totals"});
  EXPECT_EQ(missing_without({"DMA32 free:"}), Names{"zones"});
  EXPECT_EQ(missing_without({"DMA32: "}), Names{"zones"});
  EXPECT_EQ(missing_without({"pages RAM"}), Names{"pages-ram"});
  EXPECT_EQ(missing_without({"pages reserved"}), Names{"pages-ram"});
  EXPECT_EQ(missing_without({"oom-kill:constraint", "Killed process", "oom_reaper"}),
            (Names{"constraint", "victim"}));
}

Report whole_report() {
  const auto events = assemble(sample_report());
  return events.front();
}

// Only a distribution's kernel surely has huge pages, and only where the lines around are there.
TEST(Missing, HugepagesOfAKernelThatHasThem) {
  Report report = whole_report();
  report.hugepages.clear();
  report.stack->release = "5.8.0-32-generic";
  EXPECT_EQ(missing_parts(report), Names{"hugepages"});
  report.stack->release = "5.8.0-rpi";
  EXPECT_EQ(missing_parts(report), Names{});
  report.stack->release = "2.6.32-642.el6";
  EXPECT_EQ(std::ranges::count(missing_parts(report), "hugepages"), 0);
  report.stack->release = "5.8.0-32-generic";
  report.tail.pagecache.reset();
  EXPECT_EQ(missing_parts(report), Names{});

  report = whole_report();
  report.nodes.push_back(report.nodes.front());
  report.nodes.back().id = 1;
  EXPECT_EQ(missing_parts(report), (Names{"zones", "hugepages"}));
  report.nodes.back().fields = {};  // a node without memory has neither
  EXPECT_EQ(missing_parts(report), Names{});
}

TEST(Missing, NothingThatTheFirstKernelsDoNotPrint) {
  const std::string head =
      "[1.000001] proga invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0\n"
      "[1.000002] Mem-info:\n"
      "[1.000003] Active:91264 inactive:90907 dirty:0 writeback:0 unstable:0\n"
      "[1.000004]  free:1871 slab:6392 mapped:83 pagetables:857 bounce:0\n"
      "[1.000005] DMA free:3120kB min:68kB low:84kB high:100kB active:4856kB inactive:3880kB "
      "present:16256kB pages_scanned:13 all_unreclaimable? yes\n"
      "[1.000006] DMA: 2*4kB 1*8kB 1*16kB = 32kB\n"
      "[1.000007] 196480 pages of RAM\n"
      "[1.000008] 3000 reserved pages\n";
  const std::string kill =
      "[1.000009] Out of memory: kill process 18662 (progb) score 56923 or a child\n"
      "[1.000010] Killed process 18662 (progb)\n";
  ASSERT_EQ(assemble(head + kill).size(), 1U);
  EXPECT_EQ(missing_parts(assemble(head + kill)[0]), Names{});
  EXPECT_EQ(missing_parts(assemble(head)[0]), Names{"victim"});
  EXPECT_EQ(missing_parts(assemble(kill)[0]), (Names{"header", "mem-info", "zones"}));
  // 2.6.31 has one number for slab, and none for shared memory.
  const auto events = assemble(
      "[1.000003] Active_anon:28162 active_file:16 inactive_anon:18037\n"
      "[1.000003]  inactive_file:100 unevictable:0 dirty:0 writeback:0 unstable:0\n"
      "[1.000004]  free:2000 slab:3000 mapped:50 pagetables:600 bounce:0\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::ranges::count(missing_parts(events[0]), "totals"), 0);
}

TEST(Missing, TheConstraintLineOnlyWhereSomethingTellsAKernelThatHasIt) {
  const auto asked = [](const std::string& text) {
    const auto events = assemble(text);
    return events.size() == 1 && std::ranges::count(missing_parts(events[0]), "constraint") == 1;
  };
  EXPECT_TRUE(
      asked("[1.0] a invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), "
            "order=0, oom_score_adj=0\n"));
  EXPECT_TRUE(
      asked("[1.0] Out of memory: Killed process 1201 (java) total-vm:9000000kB, "
            "anon-rss:6100000kB, file-rss:0kB, shmem-rss:0kB, UID:1001 pgtables:14000kB "
            "oom_score_adj:0\n"));
  EXPECT_FALSE(
      asked("[1.0] Killed process 1824 (vm) total-vm:10417620kB, anon-rss:9435368kB, "
            "file-rss:3012kB\n"));
  EXPECT_FALSE(
      asked("[1.0] a invoked oom-killer: gfp_mask=0x24040c0(GFP_KERNEL|__GFP_COMP), "
            "order=3, oom_score_adj=0\n"));
  EXPECT_FALSE(asked("[1.0] a invoked oom-killer: gfp_mask=0xd0, order=3, oom_score_adj=0\n"));
}

TEST(Missing, StatisticsOfACgroupFrom310On) {
  const std::string counters =
      "[1.0] Task in /a killed as a result of limit of /a\n"
      "[1.0] memory: usage 20480kB, limit 20480kB, failcnt 136\n"
      "[1.0] memory+swap: usage 20480kB, limit 9007199254740988kB, failcnt 0\n";
  const auto lacks = [](const std::string& text) {
    return std::ranges::count(missing_parts(assemble(text)[0]), "memcg-stats") == 1;
  };
  EXPECT_FALSE(lacks(counters));  // el6 has none
  EXPECT_TRUE(lacks(counters + "[1.0] kmem: usage 0kB, limit 9007199254740988kB, failcnt 0\n"));
}

// Nothing was killed, and nothing is missing.
TEST(Missing, NoVictimOfOneThatWasDyingAlready) {
  const auto events = assemble(
      "[1.0] Out of memory: OOM victim 400 (progb) is already exiting. Skip killing the task\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::ranges::count(missing_parts(events[0]), "victim"), 0);
}

// 2.6.8 to 2.6.12 print the header and show_free_areas(); with the order came show_mem().
TEST(Missing, NothingThatAHeaderWithoutANameDoesNotPromise) {
  const std::string zones =
      "DMA free:1080kB min:124kB low:152kB high:184kB active:5908kB inactive:5868kB "
      "present:16384kB pages_scanned:836 all_unreclaimable? no\n";
  const auto of = [&zones](const std::string& header) {
    return assemble(header + "\nDMA per-cpu:\n" + zones);
  };
  const auto first = of("oom-killer: gfp_mask=0x1d2");
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(first[0].known_global) << "cgroups have limits since 2.6.25";
  EXPECT_EQ(missing_parts(first[0]), (Names{"mem-info", "victim"}));
  EXPECT_EQ(missing_parts(of("oom-killer: gfp_mask=0xd0, order=1").at(0)),
            (Names{"mem-info", "pages-ram", "victim"}));
  // The rest of a newer line, whose name is lost.
  EXPECT_FALSE(of("oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0").at(0).known_global);
}

TEST(Missing, AReleaseBelow2625KnowsNoLimitsOfCgroups) {
  const auto known_global = [](const std::string& release) {
    const auto events = assemble(
        "[ 9.740737] dbus-daemon invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=0\n"
        "[ 9.740751] Pid: 5145, comm: dbus-daemon Not tainted " +
        release + " #1\n");
    return events.at(0).known_global;
  };
  EXPECT_TRUE(known_global("2.6.24-23-generic"));
  EXPECT_TRUE(known_global("2.6.18-398.el5"));
  EXPECT_FALSE(known_global("2.6.25-2-686"));
  EXPECT_FALSE(known_global("2.6.32-279.el6.x86_64"));
}

}  // namespace
}  // namespace whyoom::report
