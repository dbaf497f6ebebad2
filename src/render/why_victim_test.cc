#include "render/why_victim.h"

#include <gtest/gtest.h>

#include <string>

#include "diagnose/case_file.h"

namespace whyoom::render {
namespace {

// `adj` of "big", which holds 400,000 pages of 1,000,000; "small" holds 4,096 and is killed.
std::vector<std::string> why(int big_adj, int small_adj, const std::string& release = "6.1.0",
                             const std::string& killed = "small") {
  const auto row = [](int pid, const std::string& rss, int adj, const std::string& name) {
    return "[   10.000040] [ " + std::to_string(pid) + "]  1000  " + std::to_string(pid) +
           "  900000   " + rss + "   0   0  " + std::to_string(adj) + " " + name + "\n";
  };
  const std::string log =
      "[   10.000001] app invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, "
      "oom_score_adj=0\n"
      "[   10.000002] CPU: 0 PID: 100 Comm: app Not tainted " +
      release +
      "\n"
      "[   10.000010] Mem-Info:\n"
      "[   10.000011] Node 0 DMA32: 46*4kB (UME) 0*8kB = 184kB\n"
      "[   10.000012] Free swap  = 0kB\n"
      "[   10.000013] Total swap = 0kB\n"
      "[   10.000014] 1001000 pages RAM\n"
      "[   10.000015] 1000 pages reserved\n"
      "[   10.000020] Tasks state (memory values in pages):\n"
      "[   10.000030] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
      "oom_score_adj name\n" +
      row(101, "400000", big_adj, "big") + row(102, "4096", small_adj, "small") +
      "[   10.000050] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
      "global_oom,task_memcg=/,task=" +
      killed +
      ",pid=102,uid=1000\n"
      "[   10.000060] Out of memory: Killed process " +
      (killed == "small" ? "102" : "101") + " (" + killed +
      ") total-vm:3600000kB, anon-rss:16384kB, file-rss:0kB, shmem-rss:0kB, UID:1000 "
      "pgtables:0kB oom_score_adj:" +
      std::to_string(small_adj) + "\n";
  const auto events = diagnose::cases::explain_log(log);
  return events.empty() ? std::vector<std::string>{"no event"} : why_victim(*events.back());
}

TEST(WhyVictim, SaysNothingOfTheBiggestOne) {
  EXPECT_EQ(why(0, 0, "6.1.0", "big"), std::vector<std::string>{});
}

TEST(WhyVictim, NamesWhatSparedTheBiggerOne) {
  EXPECT_EQ(why(-300, 200),
            (std::vector<std::string>{
                "not the bigger one: big (pid 101) holds 1.53 GiB and scores 391 MiB with its "
                "oom_score_adj of -300",
                "killed: small (pid 102) holds 16 MiB and scores 797 MiB with its oom_score_adj of "
                "200",
                "with an oom_score_adj of 95 or less, big (pid 101) would have been killed in its "
                "place"}));
}

TEST(WhyVictim, SaysWhenAnotherOneWasForetold) {
  const auto sentences = why(0, 0);
  ASSERT_EQ(sentences.size(), 3U);
  EXPECT_EQ(sentences[0],
            "by the kernel's own score another one would die: big (pid 101) holds 1.53 GiB and "
            "scores 1.53 GiB");
  EXPECT_TRUE(sentences[2].starts_with("the table does not show why"));
}

}  // namespace
}  // namespace whyoom::render
