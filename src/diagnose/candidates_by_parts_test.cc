#include "diagnose/candidates_by_parts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "diagnose/case_file.h"
#include "diagnose/partial_answer.h"

namespace whyoom::diagnose {
namespace {

std::vector<std::string> left_open_by(std::string_view log) {
  std::vector<std::string> names;
  for (const auto& event : cases::explain_log(log)) {
    for (const Candidate& candidate : event->candidates) {
      names.emplace_back(candidate.cause);
    }
  }
  return names;
}

// No zone that a device's request may use is printed, and the free pages are in the others.
TEST(CandidatesByParts, MemoryThatWasFreeWasNotUsedUp) {
  using Names = std::vector<std::string>;
  const auto of = [](const std::string& free) {
    return left_open_by(
        "[ 9.0] modprobe: page allocation failure: order:0, mode:0xcc4(GFP_KERNEL|GFP_DMA32)\n"
        "[ 9.0] Mem-Info:\n[ 9.0] active_anon:40000 inactive_anon:0 isolated_anon:0\n"
        "[ 9.0]  active_file:0 inactive_file:10000 isolated_file:0\n"
        "[ 9.0]  unevictable:0 dirty:0 writeback:0\n"
        "[ 9.0]  slab_reclaimable:3000 slab_unreclaimable:7000\n"
        "[ 9.0]  mapped:5000 shmem:100 pagetables:900\n"
        "[ 9.0]  free:" +
        free + " free_pcp:0 free_cma:0\n");
  };
  EXPECT_EQ(of("60000"), (Names{"lowmem-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("59000"), (Names{"memory-exhausted", "lowmem-exhausted", "min-free-too-high"}));
}

// The post ends in the last zone's line: the size of RAM is not there, and the counters are.
TEST(CandidatesByParts, CountersTellWhatFilledRamOfWhichTheSizeIsLost) {
  using Names = std::vector<std::string>;
  const auto of = [](const std::string& anon, const std::string& slab, const std::string& managed) {
    return left_open_by(
        "[ 9.0] app invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\n"
        "[ 9.0] CPU: 1 PID: 22 Comm: app Not tainted 3.18.0 #1\n[ 9.0] Mem-Info:\n"
        "[ 9.0] active_anon:" +
        anon +
        " inactive_anon:0 isolated_anon:0\n[ 9.0]  active_file:100 inactive_file:90 "
        "isolated_file:0\n[ 9.0]  unevictable:2000 dirty:0 writeback:0 unstable:0\n"
        "[ 9.0]  free:12000 slab_reclaimable:3000 slab_unreclaimable:" +
        slab +
        "\n[ 9.0]  mapped:1900 shmem:10 pagetables:600 bounce:0\n[ 9.0]  free_cma:0\n"
        "[ 9.0] Node 0 Normal free:24000kB min:60000kB low:75000kB high:90000kB active_anon:140kB "
        "inactive_anon:0kB active_file:390kB inactive_file:380kB unevictable:6600kB "
        "isolated(anon):0kB isolated(file):0kB present:4200000kB managed:" +
        managed + "kB mlocked:0kB dirty:0kB writeback:0kB mapped:6300kB shme\n");
  };
  EXPECT_EQ(of("9000", "1000000", "4100000"), Names{"slab-leak"});
  EXPECT_EQ(of("1000000", "9000", "4100000"), Names{"memory-exhausted"});
  EXPECT_EQ(of("500000", "500000", "4100000"), (Names{"memory-exhausted", "slab-leak"}));
  EXPECT_EQ(of("1000", "300000", "4100000"), (Names{"slab-leak", "kernel-unaccounted"}))
      << "most of that zone is in no counter";
}

// The first line is lost, and with it the order. Processes could have been moved to swap.
TEST(CandidatesByParts, FreeListsWithoutLargerBlocksLeaveFragmentationOpen) {
  using Names = std::vector<std::string>;
  const auto of = [](const std::string& block, const std::string& sum, const std::string& swap) {
    return left_open_by(
        "[ 9.0] DMA: 6*4kB 3*8kB 1*4096kB = 4144kB\n[ 9.0] Normal: 900*4kB "
        "90*8kB 7*16kB " +
        block + " 0*64kB = " + sum +
        "kB\n[ 9.0] 300000 total pagecache pages\n"
        "[ 9.0] 0 pages in swap cache\n[ 9.0] Free swap  = " +
        swap +
        "kB\n[ 9.0] Total swap = 4000000kB\n[ 9.0] 1000000 pages RAM\n"
        "[ 9.0] 0 pages HighMem/MovableOnly\n[ 9.0] 40000 pages reserved\n"
        "[ 9.0] [ pid ]   uid  tgid total_vm      rss nr_ptes swapents "
        "oom_score_adj name\n[ 9.0] [  162]     0   162    15823     1065      "
        "35        0             0 crond\n");
  };
  const Names unheld{"kernel-unaccounted", "slab-leak", "min-free-too-high"};
  Names pieces = unheld;
  pieces.insert(pieces.begin(), "fragmentation");
  EXPECT_EQ(of("0*32kB", "4432", "3900000"), pieces);
  EXPECT_EQ(of("2*32kB (H)", "4496", "3900000"), pieces);
  EXPECT_EQ(of("2*32kB (UH)", "4496", "3900000"), unheld);
  EXPECT_EQ(of("0*32kB", "4432", "3000"), (Names{"memory-exhausted", "min-free-too-high"}));
}

// kmalloc() of more than its caches have is a block of pages, whatever the lost line said.
TEST(CandidatesByParts, ATraceThatAsksForABlockLeavesFragmentationOpen) {
  using Names = std::vector<std::string>;
  const auto of = [](const std::string& caller) {
    return left_open_by(
        "[ 9.0] [<c077fc98>] (dump_stack) from [<c02ea174>] (dump_header+0x70/0x24c)\n"
        "[ 9.0] [<c02ea174>] (dump_header) from [<c02e92b0>] (oom_kill_process+0xb8/0x350)\n"
        "[ 9.0] [<c02e92b0>] (oom_kill_process) from [<c02e9e20>] (out_of_memory+0x11c/0x378)\n"
        "[ 9.0] [<c02e9e20>] (out_of_memory) from [<c02ef534>] (__alloc_pages_nodemask+0xbe8/"
        "0x11c0)\n[ 9.0] [<c0311380>] (" +
        caller + ") from [<c026b8a4>] (devkmsg_open+0x50/0xf0)\n");
  };
  EXPECT_EQ(of("kmalloc_order"),
            (Names{"memory-exhausted", "fragmentation", "lowmem-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("__kmalloc_large_node"),
            (Names{"memory-exhausted", "fragmentation", "lowmem-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("filemap_fault"),
            (Names{"memory-exhausted", "lowmem-exhausted", "min-free-too-high"}));
}

// Mode 2 counts what is promised; mode 0 refuses one request that is beyond RAM and swap.
TEST(CandidatesByParts, ARefusalWithoutItsSizeIsOfTheLimitOrOfThat) {
  using Names = std::vector<std::string>;
  const auto of = [](const std::string& bytes) {
    return left_open_by("[ 9.0] __vm_enough_memory: pid: 345, comm: xz, " + bytes +
                        " memory for the allocation\n");
  };
  EXPECT_EQ(of("no enough"), (Names{"overcommit-limit", "overcommit-request"}));
  EXPECT_EQ(of("bytes: 16777216 not enough"), Names{}) << "it is the limit: each machine has more";
}

// The line of the kill is lost; the constraint names the process, and the table has its row.
TEST(CandidatesByParts, AVictimInTheTableHeldWhatItsRowSays) {
  const auto of = [](const std::string& pid) {
    const auto events = cases::explain_log(
        "[ 9.0] hass invoked oom-killer: "
        "gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), "
        "order=0, oom_score_adj=0\n"
        "[ 9.0] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
        "oom_score_adj name\n"
        "[ 9.0] [   7201]   992  7201  6720000  6070272 49213440      996             0 "
        "hass\n"
        "[ 9.0] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
        "global_oom,task_memcg=/system.slice/hass.service,task=hass,pid=" +
        pid + ",uid=992\n");
    return partial_answer(*events.back()).at(1).str().substr(0, 45);
  };
  EXPECT_EQ(of("7201"), "hass (pid 7201) was killed and held 23.2 GiB.");
  EXPECT_EQ(of("7202"), "It may have been memory-exhausted or min-free");
}

}  // namespace
}  // namespace whyoom::diagnose
