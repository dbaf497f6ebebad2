#include "report/joiner.h"

#include <gtest/gtest.h>

#include <vector>

namespace whyoom::report {
namespace {

struct Piece {
  const char* text;
  bool framed;
};

std::vector<std::string> join(const std::vector<Piece>& pieces) {
  std::vector<std::string> lines;
  Joiner joiner([&](const KernelLine& read) { lines.emplace_back(read.line->text); });
  LineNumber number = 0;
  for (const auto& piece : pieces) {
    logtext::Line line;
    line.text = piece.text;
    line.framed = piece.framed;
    line.number = ++number;
    joiner.line(line);
  }
  joiner.flush();
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Joiner, MailsBreakAtBlanks) {
  EXPECT_EQ(
      join({{"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0,", true},
            {"oom_score_adj=0", false}}),
      (Lines{"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"}));
  EXPECT_EQ(join({{"my app invoked", true},
                  {"oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", false}}),
            (Lines{"my app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
                   "oom_score_adj=0"}));
  EXPECT_EQ(join({{"Memory cgroup out of memory: Killed process", true},
                  {"946 (a b) total-vm:1kB, anon-rss:2kB, file-rss:3kB,", false},
                  {"shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0", false},
                  {"and then some prose", false}}),
            (Lines{"Memory cgroup out of memory: Killed process 946 (a b) total-vm:1kB, "
                   "anon-rss:2kB, file-rss:3kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0",
                   "and then some prose"}));
  EXPECT_EQ(
      join({{"Kernel panic - not syncing: Out of memory:", true},
            {"compulsory", false},
            {"panic_on_oom is enabled", false}}),
      (Lines{"Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled"}));
  EXPECT_EQ(join({{"lowmem_reserve[]: 0 3444", true}, {"15930 15930 15930", false}}),
            (Lines{"lowmem_reserve[]: 0 3444 15930 15930 15930"}));
  EXPECT_EQ(join({{"lowmem_reserve[]: 0 3444", true}, {"43 15930", false}}).size(), 2U);
  EXPECT_EQ(
      join({{"lowmem_reserve[]: 0 3444 3444", true}, {"60 pages in swap cache", false}}).size(),
      2U);
  EXPECT_EQ(join({{"kworker/7:0: page", true},
                  {"allocation failure: order:0, mode:0xa20(GFP_ATOMIC),", false},
                  {"nodemask=(null),cpuset=/,mems_allowed=0", false}}),
            (Lines{"kworker/7:0: page allocation failure: order:0, mode:0xa20(GFP_ATOMIC), "
                   "nodemask=(null),cpuset=/,mems_allowed=0"}));
  EXPECT_EQ(join({{"crawl_4065: vmalloc", true},
                  {"error: size 0, page order 9, failed to allocate pages,", false},
                  {"mode:0xcc2(GFP_KERNEL|__GFP_HIGHMEM), nodemask=(null),cpuset=/", false}}),
            (Lines{"crawl_4065: vmalloc error: size 0, page order 9, failed to allocate pages, "
                   "mode:0xcc2(GFP_KERNEL|__GFP_HIGHMEM), nodemask=(null),cpuset=/"}));
  EXPECT_EQ(join({{"Node 0 DMA32", true}, {"free:55284kB min:14596kB low:18244kB", false}}),
            (Lines{"Node 0 DMA32 free:55284kB min:14596kB low:18244kB"}));
  EXPECT_EQ(join({{"memory+swap: usage 1kB, limit", true}, {"2kB, failcnt 0", false}}),
            (Lines{"memory+swap: usage 1kB, limit 2kB, failcnt 0"}));
  EXPECT_EQ(join({{"Node 0 hugepages_total=0", true},
                  {"hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB", false}}),
            (Lines{"Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
                   "hugepages_size=2048kB"}));
}

// Quoted-printable, of which nothing else tells.
TEST(Joiner, MailsMarkTheBreakOfALine) {
  const std::string start = "Out of memory: Killed process 9 (my) total-vm:47388kB, anon-rss:3744";
  const std::string end = "kB, file-rss:80kB, shmem-rss:0kB, UID:27 pgtables:100kB oom_score_adj:0";
  EXPECT_EQ(join({{(start + "=").c_str(), false}, {end.c_str(), false}}), (Lines{start + end}));
  EXPECT_EQ(join({{(start + "=").c_str(), false}, {"not of it", false}}).front(), start + "=");
  const std::string header = "kworker/0:1: page allocation failure: order:";
  const std::string order = "3, mode:0x404000(GFP_NOWAIT|__GFP_COMP)";
  EXPECT_EQ(join({{(header + "=").c_str(), false}, {order.c_str(), false}}), Lines{header + order});
  const std::string zone =
      "DMA free:2052kB min:84kB low:104kB high:124kB active_anon:940kB inactive";
  const std::string rest = "_anon:3876kB active_file:212kB";
  EXPECT_EQ(join({{(zone + "=").c_str(), false}, {rest.c_str(), false}}), Lines{zone + rest});
}

TEST(Joiner, TerminalsBreakInsideWords) {
  EXPECT_EQ(join({{"Node 0 DMA32 free:596kB boost:0kB min:26", true},
                  {"36kB low:3292kB high:3948kB managed:459072kB free_p", false},
                  {"cp:0kB local_pcp:0kB free_cma:0kB", false}}),
            (Lines{"Node 0 DMA32 free:596kB boost:0kB min:2636kB low:3292kB high:3948kB "
                   "managed:459072kB free_pcp:0kB local_pcp:0kB free_cma:0kB"}));
  EXPECT_EQ(join({{"Node 0 DMA: 1*4kB (U) 0*8kB 2*1", true}, {"6kB (M) = 36kB", false}}),
            (Lines{"Node 0 DMA: 1*4kB (U) 0*8kB 2*16kB (M) = 36kB"}));
  EXPECT_EQ(
      join({{"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom", true},
            {"_memcg=/a,task_m", false},
            {"emcg=/a,task=x,pid=1,uid=0", false}}),
      (Lines{"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/a,task_memcg=/a,"
             "task=x,pid=1,uid=0"}));
  EXPECT_EQ(
      join({{"Task in /pods/one killed as a result of limit of /pod", true}, {"s/one", false}}),
      (Lines{"Task in /pods/one killed as a result of limit of /pods/one"}));
}

TEST(Joiner, TaskRowsByTheColumnsOfTheTable) {
  EXPECT_EQ(
      join({{"[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem", true},
            {"pgtables_bytes swapents oom_score_ad", false},
            {"j name", false},
            {"[   1121]     0  1121      734      366        0      366", true},
            {"  0    45056        0             0 stre", false},
            {"ss", false},
            {"[   1122]     0  1122      734      366        0      366   0 4 5 6 x", true}}),
      (Lines{
          "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes "
          "swapents oom_score_adj name",
          "[   1121]     0  1121      734      366        0      366 0    45056        0         "
          "    0 stress",
          "[   1122]     0  1122      734      366        0      366   0 4 5 6 x"}));
}

TEST(Joiner, NeverTakesALineThatStandsAlone) {
  const Lines lines{"Node 0 DMA free:596kB min:26", "Node 0 DMA32 free:596kB min:2636kB"};
  EXPECT_EQ(join({{lines[0].c_str(), false}, {lines[1].c_str(), false}}), lines);
  const Lines framed{"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0,",
                     "oom_score_adj=0"};
  EXPECT_EQ(join({{framed[0].c_str(), true}, {framed[1].c_str(), true}}), framed);
  const Lines shell{"Out of memory: Killed process 1 (a) total-vm:1kB, anon-rss:2kB, file-rss:3kB",
                    "Killed"};
  EXPECT_EQ(join({{shell[0].c_str(), true}, {shell[1].c_str(), false}}), shell);
}

TEST(Joiner, ATimeAloneOnItsLineBelongsToTheNext) {
  std::vector<std::pair<std::string, std::uint64_t>> lines;
  Joiner joiner([&](const KernelLine& read) {
    const logtext::Line& line = *read.line;
    lines.emplace_back(line.text, line.monotonic_us.value_or(0));
  });
  logtext::Line empty;
  empty.framed = true;
  empty.monotonic_us = 77;
  empty.number = 1;
  joiner.line(empty);
  logtext::Line text;
  text.text = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=a,pid=1,uid=2";
  text.number = 2;
  joiner.line(text);
  joiner.flush();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].second, 77U);
}

}  // namespace
}  // namespace whyoom::report
