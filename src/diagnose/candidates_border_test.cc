// What names a candidate, on both sides of its border.
#include <gtest/gtest.h>

#include "diagnose/candidates_for_test.h"

namespace whyoom::diagnose {
namespace {

using cases::candidates_of;
using cases::explain_log;
using cases::Names;

const Names held_by_processes{"memory-exhausted", "min-free-too-high"};
const Names held_by_none{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "min-free-too-high"};
const Names held_by_many{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "many-processes",
                         "min-free-too-high"};

std::string kill_line(const std::string& pid, const std::string& kib, const std::string& more = "",
                      const std::string& of = "Out of memory") {
  return "[ 9.0] " + of + ": Killed process " + pid +
         " (java) total-vm:9000000kB, anon-rss:" + kib + "kB, file-rss:0kB, shmem-rss:0kB" + more +
         "\n";
}
std::string row_of(const std::string& pid, const std::string& pages, const std::string& adj) {
  return "[ 9.0] [ " + pid + "]     0   " + pid + "  9000000   " + pages +
         "      56        0             " + adj + " java\n";
}

TEST(CandidateBorders, ASmallProcessHasLessThan16MiB) {
  EXPECT_EQ(candidates_of(kill_line("7", "16384")), held_by_processes);
  EXPECT_EQ(candidates_of(kill_line("7", "16383")), held_by_many);
  EXPECT_EQ(candidates_of(kill_line("7", "1024")), held_by_many);
  EXPECT_EQ(candidates_of(kill_line("7", "1023")), held_by_none);
  EXPECT_EQ(candidates_of(kill_line("7", "1023", "", "Out of memory (oom_kill_allocating_task)")),
            held_by_processes)
      << "it was not chosen";
}

TEST(CandidateBorders, ATaskOfAFewNodesFoundTheseFullOrAll) {
  const auto of = [](const std::string& constraint, const std::string& end) {
    return candidates_of(
        "[ 9.0] app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "[ 9.0] oom-kill:constraint=" +
        constraint + "task_memcg=/,task=java,pid=7,uid=0\n" + end);
  };
  const std::string kill = kill_line("7", "200000");
  EXPECT_EQ(of("CONSTRAINT_CPUSET,nodemask=(null),cpuset=a,mems_allowed=1,global_oom,", kill),
            (Names{"cpuset-nodes", "memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/,mems_allowed=0-1,global_oom,", kill),
            (Names{"mempolicy-nodes", "memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,global_oom,", kill),
            held_by_processes);
}

// Of what the counters show, which is a part of RAM.
TEST(CandidateBorders, WhatWasNotFreeWasNotKeptBack) {
  const auto of = [](const std::string& free) {
    return candidates_of(
        "[ 9.0] app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "[ 9.0] CPU: 0 PID: 71 Comm: app Not tainted 6.1.0 #1\n[ 9.0] Mem-Info:\n"
        "[ 9.0] active_anon:98000 inactive_anon:0 isolated_anon:0\n"
        "[ 9.0]  active_file:0 inactive_file:0 isolated_file:0\n"
        "[ 9.0]  unevictable:0 dirty:0 writeback:0\n"
        "[ 9.0]  slab_reclaimable:0 slab_unreclaimable:0\n"
        "[ 9.0]  mapped:0 shmem:0 pagetables:0\n[ 9.0]  sec_pagetables:0 bounce:0\n"
        "[ 9.0]  kernel_misc_reclaimable:0\n[ 9.0]  free:" +
        free +
        " free_pcp:0 free_cma:0\n[ 9.1] Out of memory: Killed process 7 (java) total-vm:90kB, "
        "anon-rss:300000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:9kB "
        "oom_score_adj:0\n");
  };
  EXPECT_EQ(of("2000"), held_by_processes);
  EXPECT_EQ(of("1999"), Names{"memory-exhausted"});
}

// Cut behind the size of an object: a slab of one of them is a page.
TEST(CandidateBorders, ASlabOfSmallObjectsIsAPage) {
  const auto of = [](const std::string& sizes) {
    return explain_log(
               "[ 9.0] Node 0 Normal free:124kB min:10088kB low:12608kB high:15132kB "
               "active_anon:830108kB "
               "inactive_anon:104416kB active_file:15692kB inactive_file:887136kB unevictable:0kB "
               "isolated(anon):0kB isolated(file):0kB present:8791040kB mlocked:0kB dirty:88kB "
               "writeback:0kB mapped:7588kB shmem:316kB slab_reclaimable:52588kB "
               "slab_unreclaimable:494324kB kernel_stack:2272kB pagetables:4036kB unstable:0kB "
               "bounce:0kB "
               "writeback_tmp:0kB pages_scanned:0 all_unreclaimable? no\n"
               "[ 9.0] lowmem_reserve[]: 0 0 0 0\n"
               "[ 9.0] Free swap  = 5242876kB\n"
               "[ 9.0] SLUB: Unable to allocate memory on node -1 (gfp=0x20)\n"
               "[ 9.0]   cache: xfrm_dst_cache, " +
               sizes + "\n")[0]
        ->root_cause;
  };
  EXPECT_EQ(of("object size: 2048, bu"), "atomic-allocation-failure");
  EXPECT_EQ(of("object size: 2049, bu"), "undetermined");
  EXPECT_EQ(of("object size: 4000, buffer size: 4096, def"), "atomic-allocation-failure");
  EXPECT_EQ(of("object size: 4000, buffer size: 4097, def"), "undetermined");
}

// Nobody could be killed, and who asked is one of those.
TEST(CandidateBorders, WhoMayNotBeKilledMayHaveAllOfIt) {
  const auto of = [](const std::string& adj) {
    return candidates_of(
        "[ 9.0] app invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|"
        "__GFP_ZERO), order=0, oom_score_adj=" +
        adj + "\n[ 9.0] Out of memory and no killable processes...\n" +
        "[ 9.1] Kernel panic - not syncing: System is deadlocked on memory\n");
  };
  const Names by_none{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "hugepages-reserved",
                      "min-free-too-high"};
  Names with_it = by_none;
  with_it.insert(with_it.begin(), "memory-exhausted");
  EXPECT_EQ(of("-1000"), with_it);
  EXPECT_EQ(of("-999"), by_none);
}

TEST(CandidateBorders, ABiggestProcessWithATenthOfRamUsedItUp) {
  const auto of = [](const std::string& score) {
    return candidates_of("[ 9.0] Out of memory: Kill process 7 (java) score " + score +
                         " or sacrifice child\n[ 9.0] Killed process 7 (java) total-vm:9000000kB, "
                         "anon-rss:2540308kB, file-rss:0kB, shmem-rss:0kB\n");
  };
  EXPECT_EQ(of("100"), held_by_processes);
  Names any = held_by_many;
  any.insert(any.begin(), "memory-exhausted");
  EXPECT_EQ(of("99"), any);
}

TEST(CandidateBorders, PageTablesAreMoreThanItHeldAndNotSmall) {
  const auto of = [](const std::string& kib, const std::string& tables) {
    return candidates_of(kill_line("7", kib, ", UID:0 pgtables:" + tables + "kB oom_score_adj:0"));
  };
  const Names tables{"page-tables", "min-free-too-high"};
  EXPECT_EQ(of("300", "16384"), tables);
  EXPECT_EQ(of("300", "16383"), held_by_none);
  EXPECT_EQ(of("16384", "16384"), held_by_processes);
  EXPECT_EQ(of("16384", "16385"), tables);
}

TEST(CandidateBorders, WhoWasChosenForItsScoreAdjSaysNothing) {
  EXPECT_EQ(candidates_of(kill_line("7", "300", ", UID:0 pgtables:9kB oom_score_adj:1")),
            held_by_processes);
  EXPECT_EQ(candidates_of(kill_line("7", "300", ", UID:0 pgtables:9kB oom_score_adj:0")),
            held_by_none);
  EXPECT_EQ(candidates_of(row_of("7", "75", "1") + kill_line("7", "300")), held_by_processes);
  EXPECT_EQ(candidates_of(row_of("7", "75", "0") + kill_line("7", "300")), held_by_none);
  EXPECT_EQ(candidates_of(row_of("8", "75", "1") + kill_line("7", "300")), held_by_none)
      << "another one";
  const std::string child =
      "[ 9.0] Out of memory: Kill process 8 (java) score 9 or sacrifice child\n"
      "[ 9.0] Killed process 7 (sh) total-vm:9000kB, anon-rss:300kB, file-rss:0kB\n";
  EXPECT_EQ(candidates_of(row_of("8", "75", "1") + child), held_by_processes);
  EXPECT_EQ(candidates_of(row_of("8", "75", "0") + child), held_by_none);
}

// Counters of 1,000,000 pages of RAM without a line of its zones.
struct Counted {
  int anon = 400'000, file = 100'000, slab_reclaimable = 50'000, free = 15'000;
  int slab_unreclaimable = 0, page_tables = 0, shmem = 0;
};

std::string said_of_counters(const Counted& pages) {
  const auto number = [](int value) { return std::to_string(value); };
  const auto events = cases::explain_log(
      "[ 9.0] java invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0\n"
      "[ 9.0] Mem-Info:\n[ 9.0] active_anon:" +
      number(pages.anon) +
      " inactive_anon:0 isolated_anon:0\n[ 9.0]  active_file:" + number(pages.file) +
      " inactive_file:0 isolated_file:0\n[ 9.0]  unevictable:0 dirty:0 writeback:0\n"
      "[ 9.0]  slab_reclaimable:" +
      number(pages.slab_reclaimable) + " slab_unreclaimable:" + number(pages.slab_unreclaimable) +
      "\n[ 9.0]  mapped:0 shmem:" + number(pages.shmem) +
      " pagetables:" + number(pages.page_tables) + " bounce:0\n[ 9.0]  free:" + number(pages.free) +
      " free_pcp:0 free_cma:0\n[ 9.0] 1000000 pages RAM\n"
      "[ 9.0] 0 pages HighMem/MovableOnly\n[ 9.0] 0 pages reserved\n" +
      kill_line("7", "400000"));
  return std::string(name(events.back()->verdict)) + " " + std::string(events.back()->root_cause);
}

TEST(LikelyExhausted, ByWhatTheCountersLeaveOpen) {
  const std::string likely = "likely memory-exhausted";
  const std::string open = "undetermined undetermined";
  // What no counter has may not be more than processes hold, which is all but these.
  EXPECT_EQ(said_of_counters({.slab_unreclaimable = 35'000}), likely);
  EXPECT_EQ(said_of_counters({.slab_unreclaimable = 34'999}), open);
  EXPECT_EQ(said_of_counters({.page_tables = 35'000}), likely);
  EXPECT_EQ(said_of_counters({.page_tables = 34'999}), open);
  EXPECT_EQ(said_of_counters({.file = 135'000}), likely);
  EXPECT_EQ(said_of_counters({.file = 134'999}), open);
  EXPECT_EQ(said_of_counters({.slab_reclaimable = 85'000}), likely);
  EXPECT_EQ(said_of_counters({.slab_reclaimable = 84'999}), open);
  EXPECT_EQ(said_of_counters({.anon = 417'500}), likely);
  EXPECT_EQ(said_of_counters({.anon = 417'499}), open);
  EXPECT_EQ(said_of_counters({.free = 19'999, .slab_unreclaimable = 30'001}), likely);
  EXPECT_EQ(said_of_counters({.free = 19'999, .slab_unreclaimable = 30'000}), open);
  EXPECT_EQ(said_of_counters({.free = 20'000, .slab_unreclaimable = 40'000}), open)
      << "vm.min_free_kbytes may keep a big share";
  // Nor may another use of it be larger, nor much of it be left to reclaim.
  EXPECT_EQ(said_of_counters({.slab_unreclaimable = 400'000}), likely);
  EXPECT_EQ(said_of_counters({.slab_unreclaimable = 400'001}), open);
  EXPECT_EQ(said_of_counters({.file = 199'999}), likely);
  EXPECT_EQ(said_of_counters({.file = 200'000}), open);
  // A quarter of RAM.
  EXPECT_EQ(said_of_counters({.anon = 250'000, .file = 199'000, .slab_unreclaimable = 249'999}),
            likely);
  EXPECT_EQ(said_of_counters({.anon = 249'999, .file = 199'000, .slab_unreclaimable = 249'999}),
            open);
}

TEST(Sysrq, NobodyKnowsWhatWasAskedForWithoutAnEnd) {
  EXPECT_EQ(cases::role_of(*cases::explain_log("[ 9.0] sysrq: Manual OOM execution\n"
                                               "[ 9.0] Mem-Info:\n[ 9.0] active_anon:7 "
                                               "inactive_anon:7 isolated_anon:0\n")
                                .back(),
                           "sysrq"),
            "refused");
}

// The whole report of an OOM, as of a request that failed instead.
TEST(CandidateBorders, AFailedRequestThatMayWaitIsOfWhatMostOfRamIsUsedFor) {
  const auto of = [](const std::string& cause, const std::string& flags) {
    const auto from = cases::load_case(cases::causes_folder() / cause / "positive.case").log;
    std::string log;
    for (const std::string_view line : cases::split_lines(from)) {
      const std::size_t called = line.find(" invoked oom-killer: gfp_mask=");
      const bool end = line.find("oom-kill:") != std::string_view::npos ||
                       line.find("Kill") != std::string_view::npos ||
                       line.find("oom_reaper") != std::string_view::npos;
      if (called != std::string_view::npos) {
        log += std::string(line.substr(0, called)) +
               ": page allocation failure: order:0, mode:" + flags + "\n";
      } else if (!end) {
        log += line;
      }
    }
    return candidates_of(log);
  };
  const std::string waits = "0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null)";
  EXPECT_EQ(of("memory-exhausted", waits), Names{"memory-exhausted"});
  EXPECT_EQ(of("slab-leak", waits), Names{"slab-leak"});
  EXPECT_EQ(of("kernel-unaccounted", waits), Names{"kernel-unaccounted"});
  EXPECT_EQ(of("min-free-too-high", waits), Names{"min-free-too-high"});
  EXPECT_EQ(of("memory-exhausted", "0x480020(GFP_ATOMIC), nodemask=(null)"), Names{});
}

}  // namespace
}  // namespace whyoom::diagnose
