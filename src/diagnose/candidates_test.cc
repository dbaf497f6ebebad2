#include "diagnose/candidates.h"

#include <gtest/gtest.h>

#include "diagnose/candidates_for_test.h"

namespace whyoom::diagnose {
namespace {

using cases::candidates_of;
using cases::Names;

// The head of a failed request; 0x20 and 0xd0 are masks of before 4.4.
TEST(Candidates, TheHeadOfAFailureLeavesWhatTheZonesTell) {
  const auto of = [](const std::string& order_and_mode) {
    return candidates_of("[ 9.0] swapper: page allocation failure. " + order_and_mode + "\n");
  };
  EXPECT_EQ(of("order:0, mode:0x20"), (Names{"atomic-allocation-failure", "min-free-too-high"}));
  EXPECT_EQ(of("order:2, mode:0x20"),
            (Names{"atomic-allocation-failure", "fragmentation", "min-free-too-high"}));
  EXPECT_EQ(of("order:1, mode:0x20"),
            (Names{"atomic-allocation-failure", "fragmentation", "min-free-too-high"}));
  EXPECT_EQ(of("order:0, mode:0xd0"), (Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("order:0, mode:0xcc4(GFP_KERNEL|GFP_DMA32)"),
            (Names{"memory-exhausted", "lowmem-exhausted", "min-free-too-high"}))
      << "nobody is killed for a zone below Normal";
  EXPECT_EQ(of("order:4, mode:0x20"), Names{}) << "the size alone is the reason";
}

TEST(Candidates, AFailureWithPagesToSpareMayBeOfPieces) {
  const auto of = [](const std::string& order, const std::string& free) {
    return candidates_of("[ 9.0] cp: page allocation failure. order:" + order + ", mode:0x20\n" +
                         "[ 9.0] Mem-Info:\n[ 9.0] Normal free:" + free +
                         "kB min:3000kB low:3750kB high:4500kB active_anon:0kB inactive_anon:0kB "
                         "active_file:0kB inactive_file:0kB unevictable:0kB present:600000kB "
                         "pages_scanned:0 all_unreclaimable? no\n[ 9.0] lowmem_reserve[]: 0 0 0\n");
  };
  EXPECT_EQ(of("2", "9000"), Names{"fragmentation"});
  EXPECT_EQ(of("0", "9000"), Names{});
}

// The report ends behind its zones, and has no totals.
TEST(Candidates, WhatProcessesHoldOfAllZonesIsMostLikelyAllOfIt) {
  const auto of = [](const std::string& anon, const std::string& file) {
    return candidates_of(
        "[ 9.0] app invoked oom-killer: gfp_mask=0x200da, order=0, oom_score_adj=0\n"
        "[ 9.0] CPU: 0 PID: 71 Comm: app Not tainted 3.13.0-86-generic #1\n"
        "[ 9.0] Node 0 Normal free:35000kB min:36000kB low:45000kB high:54000kB active_anon:" +
        anon + "kB inactive_anon:300kB active_file:" + file +
        "kB inactive_file:900kB unevictable:0kB isolated(anon):0kB isolated(file):0kB "
        "present:4456000kB managed:4323000kB mlocked:0kB dirty:0kB writeback:0kB mapped:900kB "
        "shmem:900kB slab_reclaimable:20000kB slab_unreclaimable:30000kB kernel_stack:3000kB "
        "pagetables:20000kB unstable:0kB bounce:0kB free_cma:0kB writeback_tmp:0kB "
        "pages_scanned:99999 all_unreclaimable? yes\n[ 9.0] lowmem_reserve[]: 0 0\n");
  };
  EXPECT_EQ(of("4100000", "900"), Names{"memory-exhausted"});
  EXPECT_EQ(of("100000", "4000000"), Names{});
}

TEST(Candidates, ASlabThatMayWaitIsRefusedForACgroup) {
  const std::string head = "[ 9.0] SLUB: Unable to allocate memory on node -1 (gfp=0xd0)\n";
  EXPECT_EQ(candidates_of(head), Names{"cgroup-kernel-memory"});
  EXPECT_EQ(candidates_of(head + "[ 9.0]   cache: kmalloc-64, object size: 64, buffer size: 64, "
                                 "default order: 0, min order: 0\n"),
            Names{});
  // Its line is wrapped, and the lines of the zones are lost but for their blocks.
  EXPECT_EQ(candidates_of("[ 9.0] Node 0 Normal: 3*4kB 2*8kB 0*16kB = 28kB\n[ 9.0] SLUB: Unable to "
                          "allocate memory on node -1 (gfp=0x20)\n[ 9.0]   cache: kmalloc-64, "
                          "object size: 64, buffer size: \n64, default order: 0, min order: 0\n"),
            (Names{"atomic-allocation-failure", "min-free-too-high"}));
}

// What reclaims may not wait for itself.
TEST(Candidates, AFailureWithinReclaimIsOneThatMayNotWait) {
  const auto of = [](const std::string& caller) {
    return candidates_of(
        "[ 9.0] mprime: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)\n"
        "[ 9.0] Call Trace:\n[ 9.0]  warn_alloc+0x131/0x1d0\n"
        "[ 9.0]  __alloc_pages_slowpath+0x11f9/0x1270\n[ 9.0]  folio_alloc_swap+0x237/0x440\n"
        "[ 9.0]  " +
        caller + "+0x753/0x15d0\n");
  };
  EXPECT_EQ(of("shrink_folio_list"), Names{"atomic-allocation-failure"})
      << "it takes the last page";
  EXPECT_EQ(of("shrink_dcache_parent"), (Names{"memory-exhausted", "min-free-too-high"}));
}

// Others call themselves kswapd0, and have no such number.
TEST(Candidates, NoMarkKeepsAPageFromKswapd) {
  using Names = std::vector<std::string>;
  const auto of = [](const std::string& name, const std::string& pid, const std::string& mode) {
    return candidates_of("[ 9.0] " + name + ": page allocation failure: order:0, mode:" + mode +
                         ", nodemask=(null)\n[ 9.0] CPU: 7 UID: 0 PID: " + pid + " Comm: " + name +
                         " Not tainted 6.12.9 #1\n");
  };
  const std::string waits = "0xcc0(GFP_KERNEL)";
  EXPECT_EQ(of("kswapd1", "96", waits), Names{"atomic-allocation-failure"});
  EXPECT_EQ(of("kswapd1", "300", waits), (Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("kswapd", "96", waits), (Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("kswapd1", "96", "0x80cc0(GFP_KERNEL|__GFP_NOMEMALLOC)"),
            (Names{"atomic-allocation-failure", "min-free-too-high"}));
  EXPECT_EQ(of("kswapd1", "96", "0xa20(GFP_ATOMIC)"),
            (Names{"atomic-allocation-failure", "min-free-too-high"}))
      << "of an interrupt";
}

TEST(Candidates, APageFaultWithoutARequestIsOfTheMachineAndMayBeSpurious) {
  const auto of = [](const std::string& mask) {
    return candidates_of("[ 9.0] java invoked oom-killer: gfp_mask=" + mask +
                         ", order=0, oom_score_adj=0\n");
  };
  EXPECT_EQ(of("0x0()"), (Names{"spurious-pagefault", "memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("0xcc0(GFP_KERNEL)"), Names{});
}

// Low memory is all that a kernel of 32 bits gives to a request of its own.
TEST(Candidates, ATraceOf32BitsLeavesLowMemoryOpen) {
  const auto of = [](const std::string& mask, const std::string& trace) {
    return candidates_of("[ 9.0] java invoked oom-killer: gfp_mask=" + mask +
                         ", order=0, oom_score_adj=0\n[ 9.0] Call Trace:\n" + trace);
  };
  const std::string kernel = "0xcc0(GFP_KERNEL)";
  const std::string arm =
      "[ 9.0]  dump_header from out_of_memory+0x1f0/0x4f0\n"
      "[ 9.0]  out_of_memory from __alloc_pages+0xbb2/0xca0\n";
  const auto addressed = [](const std::string& digits) {
    return "[ 9.0]  [<" + digits + ">] dump_header+0x44/0x18d\n[ 9.0]  [<" + digits +
           ">] out_of_memory+0x1f0/0x4f0\n[ 9.0]  [<" + digits +
           ">] __alloc_pages_nodemask+0xbb2/0xca0\n";
  };
  const Names open{"memory-exhausted", "lowmem-exhausted", "min-free-too-high"};
  const Names usual{"memory-exhausted", "min-free-too-high"};
  EXPECT_EQ(of(kernel, addressed("c0344d14")), open);
  EXPECT_EQ(of(kernel, arm), open);
  EXPECT_EQ(of(kernel, addressed("ffffffff81146bf2")), usual);
  EXPECT_EQ(of("0x100cca(GFP_HIGHUSER_MOVABLE)", addressed("c0344d14")), usual);
  EXPECT_EQ(of(kernel, addressed("c0344d14") + "[ 9.0] 262144 pages RAM\n"
                                               "[ 9.0] 0 pages HighMem/MovableOnly\n"),
            usual)
      << "all of it is low";
}

// RAM is no less than what was counted.
TEST(Candidates, CountersThatAreLittleOfAllRuleOutWhoUsedItUp) {
  const auto of = [](const std::string& anon) {
    return candidates_of(
        "[ 9.0] java invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0\n"
        "[ 9.0] Mem-Info:\n[ 9.0] active_anon:" +
        anon +
        " inactive_anon:147 isolated_anon:0\n"
        "[ 9.0]  active_file:578569 inactive_file:1353156 isolated_file:0\n"
        "[ 9.0]  unevictable:4579 dirty:120 writeback:0 unstable:0\n"
        "[ 9.0]  slab_reclaimable:559978 slab_unreclaimable:198012\n"
        "[ 9.0]  mapped:44734 shmem:289 pagetables:2081 bounce:0\n");
  };
  EXPECT_EQ(of("57988"), (Names{"spurious-pagefault", "kernel-unaccounted", "min-free-too-high"}));
  EXPECT_EQ(of("957988"), (Names{"spurious-pagefault", "memory-exhausted", "min-free-too-high"}));
}

// Of two nodes the line of the first is lost.
TEST(Candidates, HugePagesOfTheSecondNodeLeaveThoseOfTheFirstOpen) {
  const auto of = [](const std::string& node) {
    return candidates_of("[ 9.0] Node " + node +
                         " hugepages_total=14000 hugepages_free=3760 hugepages_surp=0 "
                         "hugepages_size=2048kB\n[ 9.0] 33545994 pages RAM\n"
                         "[ 9.0] 0 pages HighMem/MovableOnly\n[ 9.0] 528005 pages reserved\n"
                         "[ 9.1] Out of memory: Killed process 7 (qemu) total-vm:90000000kB, "
                         "anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n");
  };
  EXPECT_EQ(of("1"), (Names{"memory-exhausted", "hugepages-reserved", "min-free-too-high"}));
  EXPECT_EQ(of("0"), (Names{"memory-exhausted", "min-free-too-high"}));
}

TEST(HugepagesReserved, IsNotRuledOutByTheSecondNodeAlone) {
  const auto is_judged = [](const std::string& node) {
    const auto events = cases::explain_log(
        "[ 9.0] Node " + node +
        " hugepages_total=14000 hugepages_free=3760 hugepages_surp=0 hugepages_size=2048kB\n"
        "[ 9.0] 33545994 pages RAM\n[ 9.0] 528005 pages reserved\n"
        "[ 9.1] Out of memory: Killed process 7 (qemu) total-vm:90000000kB, "
        "anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n");
    return std::ranges::any_of(events.at(0)->findings, [](const Finding& finding) {
      return finding.cause == "hugepages-reserved";
    });
  };
  EXPECT_FALSE(is_judged("1"));
  EXPECT_TRUE(is_judged("0")) << "ruled out";
}

// What processes have, and tmpfs, would have gone there.
TEST(Candidates, RoomInSwapLeavesWhatCannotBeMovedThere) {
  const auto of = [](const std::string& free_swap, const std::string& anon) {
    return candidates_of("[ 9.0] Free swap  = " + free_swap +
                         "kB\n[ 9.0] Total swap = 16777212kB\n[ 9.0] 2097152 pages RAM\n"
                         "[ 9.0] 0 pages HighMem/MovableOnly\n[ 9.0] 52428 pages reserved\n"
                         "[ 9.1] Out of memory: Killed process 7 (app) total-vm:900000kB, "
                         "anon-rss:" +
                         anon + "kB, file-rss:0kB, shmem-rss:0kB\n");
  };
  const Names unmovable{"kernel-unaccounted", "slab-leak", "min-free-too-high"};
  EXPECT_EQ(of("2200000", "500000"), unmovable);
  EXPECT_EQ(of("2200000", "5000"), unmovable);
  EXPECT_EQ(of("2200000", "4000000"), unmovable);
  const Names held{"memory-exhausted", "min-free-too-high"};
  EXPECT_EQ(of("2000000", "500000"), held);
  EXPECT_EQ(of("2200000", "4200000"), held);
}

TEST(Candidates, AKillLineLeavesTwoCauses) {
  EXPECT_EQ(candidates_of("[ 9.0] Out of memory: Killed process 7 (java) total-vm:900000kB, "
                          "anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n"),
            (Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(candidates_of("[ 9.0] Out of memory: Killed process 7 (db) total-vm:900000kB, "
                          "anon-rss:50000kB, file-rss:0kB, shmem-rss:500000kB\n"),
            (Names{"shmem-tmpfs", "min-free-too-high"}));
  // Old kernels print this of a cgroup as well.
  EXPECT_EQ(candidates_of("[ 9.0] Killed process 7 (java) total-vm:900000kB, anon-rss:500000kB, "
                          "file-rss:0kB\n"),
            Names{});
  // The kernel takes the biggest, so that nobody had the memory.
  EXPECT_EQ(candidates_of("[ 9.0] Out of memory: Killed process 7 (agetty) total-vm:9000kB, "
                          "anon-rss:300kB, file-rss:0kB, shmem-rss:0kB\n"),
            (Names{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "min-free-too-high"}));
  // What it had stands behind.
  EXPECT_EQ(candidates_of("[ 9.0] Out of memory: Killed process 7 (db) total-vm:9000000kB, "
                          "anon-rss:300kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:430000kB "
                          "oom_score_adj:0\n"),
            (Names{"page-tables", "min-free-too-high"}));
  EXPECT_EQ(candidates_of("[ 9.0] Memory cgroup out of memory: Killed process 7 (agetty) "
                          "total-vm:9000kB, anon-rss:300kB, file-rss:0kB, shmem-rss:0kB\n"),
            (Names{"cgroup-limit", "cgroup-parent-limit", "cgroup-page-cache", "cgroup-shmem",
                   "cgroup-kernel-memory"}));
}

// A post that begins behind the lines of the zones: what was free was not used up.
TEST(Candidates, FreeListsAloneTellThatMuchWasFree) {
  const auto of = [](const std::string& largest) {
    return candidates_of("[ 9.1] DMA: 9*4kB (UME) 7*8kB (UC) 0*16kB " + largest +
                         " = 401500kB\n"
                         "[ 9.1] 30123 total pagecache pages\n"
                         "[ 9.1] 512000 pages RAM\n"
                         "[ 9.1] 12000 pages reserved\n"
                         "[ 9.1] Out of memory: Killed process 7 (java) total-vm:900000kB, "
                         "anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n");
  };
  EXPECT_EQ(of("98*4096kB (C)"), (Names{"cma-only", "fragmentation", "min-free-too-high"}));
  EXPECT_EQ(of("98*4096kB (M)"), (Names{"fragmentation", "min-free-too-high"}));
  EXPECT_EQ(of("9*4096kB (C)"), (Names{"memory-exhausted", "min-free-too-high"}));
}

// The post of a guest of Hyper-V whose zones' last line is cut. All that is free is in its zones.
TEST(Candidates, ZonesThatHaveAllFreePagesAreRam) {
  const auto of = [](const std::string& free) {
    return candidates_of(
        "[ 9.1] active_anon:7 inactive_anon:23 isolated_anon:0\n"
        "[ 9.1]  active_file:17 inactive_file:18 isolated_file:0\n"
        "[ 9.1]  unevictable:141617 dirty:0 writeback:21 unstable:0\n"
        "[ 9.1]  slab_reclaimable:4955 slab_unreclaimable:6699\n"
        "[ 9.1]  mapped:20072 shmem:0 pagetables:387 bounce:0\n"
        "[ 9.1]  free:" +
        free +
        " free_pcp:281 free_cma:0\n"
        "[ 9.1] Node 0 active_anon:28kB inactive_anon:92kB active_file:68kB inactive_file:72kB "
        "unevictable:566468kB isolated(anon):0kB isolated(file):0kB mapped:80288kB dirty:0kB "
        "writeback:84kB shmem:0kB writeback_tmp:0kB unstable:0kB all_unreclaimable? no\n"
        "[ 9.1] Node 0 DMA free:7180kB min:44kB low:56kB high:68kB active_anon:0kB "
        "inactive_anon:0kB active_file:0kB inactive_file:0kB unevictable:0kB writepending:0kB "
        "present:15992kB managed:15908kB mlocked:0kB kernel_stack:0kB pagetables:0kB bounce:0kB "
        "free_pcp:0kB local_pcp:0kB free_cma:0kB\n"
        "[ 9.1] lowmem_reserve[]: 0 1785 1785 1785\n"
        "[ 9.1] Node 0 DMA32 free:6496kB min:5380kB low:7208kB high:9036kB active_anon:112kB "
        "inactive_anon:520kB active_file:68kB inactive_file:72kB unevictable:566468kB "
        "writepending:0kB present:2080704kB managed:2011528kB mlocked:0kB kernel_stack:2816\n");
  };
  EXPECT_EQ(of("3419"), (Names{"hugepages-reserved", "kernel-unaccounted", "balloon-or-hotplug"}));
  EXPECT_EQ(of("903419"), Names{}) << "a zone is missing";
}

TEST(Candidates, MemoryInNoCounterLeavesTheKernelOrABalloon) {
  const auto path = cases::causes_folder() / "kernel-unaccounted" / "positive.case";
  const std::string whole = cases::load_case(path).log;
  EXPECT_EQ(candidates_of(whole), std::vector<std::string>{});
  std::string cut;  // behind the marks of the zones, as a pager does it
  std::string unsized;
  for (const std::string_view line : cases::split_lines(whole)) {
    const bool zone = line.find(" min:") != std::string_view::npos;
    const std::string rest =
        zone ? std::string(line.substr(0, line.find(" active_anon"))) + "\n" : std::string(line);
    cut += rest;
    unsized += line.find("lowmem_reserve") == std::string_view::npos ? rest : "";
  }
  // Reserves and marks tell what a zone managed, and not whether a balloon has it now.
  EXPECT_EQ(candidates_of(cut),
            (std::vector<std::string>{"kernel-unaccounted", "balloon-or-hotplug"}));
  EXPECT_EQ(candidates_of(unsized),
            (std::vector<std::string>{"kernel-unaccounted", "balloon-or-hotplug"}));
}

// 4 MiB in each of many, on a small server.
TEST(Candidates, SmallKilledOnesCanBeManyWhereNoTableCountsThem) {
  const std::string kill =
      "[ 9.0] Out of memory: Kill process 9682 (httpd) score 9 or sacrifice child\n"
      "[ 9.0] Killed process 9682, UID 27, (httpd) total-vm:47388kB, anon-rss:3744kB, "
      "file-rss:80kB\n";
  EXPECT_EQ(candidates_of(kill), (Names{"kernel-unaccounted", "slab-leak", "shmem-tmpfs",
                                        "many-processes", "min-free-too-high"}));
  const std::string table =
      "[ 9.0] [ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name\n"
      "[ 9.0] [ 9682]    27  9682    11847      956   0       0             0 httpd\n";
  EXPECT_EQ(candidates_of(table + kill),
            (Names{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "min-free-too-high"}));
}

TEST(Candidates, NothingToKillMayBeHugePages) {
  const std::string panic =
      "[ 9.0] [  179]     0   179    26512      245      56       3        0         -1000 sshd\n"
      "[ 9.0] Kernel panic - not syncing: Out of memory and no killable processes...\n";
  EXPECT_EQ(candidates_of(panic), (Names{"kernel-unaccounted", "slab-leak", "shmem-tmpfs",
                                         "hugepages-reserved", "min-free-too-high"}));
  EXPECT_EQ(candidates_of("[ 9.0] Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
                          "hugepages_size=2048kB\n" +
                          panic),
            (Names{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "min-free-too-high"}));
  // A file system in RAM holds the rest of it.
  const auto with_cache = [&](const std::string& pages) {
    return candidates_of("[ 9.0] " + pages +
                         " total pagecache pages\n[ 9.0] 0 pages in swap cache\n"
                         "[ 9.0] 32000 pages RAM\n[ 9.0] 2000 pages reserved\n" +
                         panic);
  };
  EXPECT_EQ(with_cache("22500"), (Names{"shmem-tmpfs", "unevictable", "min-free-too-high"}));
  EXPECT_EQ(with_cache("22499").front(), "kernel-unaccounted");
}

// What the request says of itself where no zone is printed.
TEST(Candidates, ALowRequestAndAKernelThatGivesUpAreNamed) {
  const auto of = [](const std::string& mask, const std::string& order,
                     const std::string& release) {
    return candidates_of("[ 9.0] cc1 invoked oom-killer: gfp_mask=" + mask + ", order=" + order +
                         ", oom_score_adj=0\n[ 9.0] CPU: 2 PID: 7 Comm: cc1 Not tainted " +
                         release +
                         " #1\n[ 9.0] Call Trace:\n[ 9.0]  out_of_memory+0x40a/0x4b0\n"
                         "[ 9.0]  __alloc_pages_nodemask+0xf0b/0xf30\n");
  };
  const std::string kernel = "0x27000c0(GFP_KERNEL_ACCOUNT|__GFP_NOTRACK)";
  EXPECT_EQ(of(kernel, "2", "4.7.2-1-ARCH"),
            (Names{"memory-exhausted", "fragmentation", "kernel-bug", "min-free-too-high"}));
  EXPECT_EQ(of(kernel, "2", "4.7.6-1-ARCH"),
            (Names{"memory-exhausted", "fragmentation", "min-free-too-high"}));
  EXPECT_EQ(of(kernel, "0", "4.7.2-1-ARCH"), (Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("0x80d1", "0", "2.6.24"),
            (Names{"memory-exhausted", "lowmem-exhausted", "min-free-too-high"}));
  EXPECT_EQ(of("0x80d0", "0", "2.6.24"), (Names{"memory-exhausted", "min-free-too-high"}));
}

// A reader left out all but the marks: what RAM is, and what it was used for, is not known.
TEST(Candidates, MarksWithoutSizesLeaveTheSetting) {
  const std::string head =
      "[ 9.0] test invoked oom-killer: gfp_mask=0x6280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
      "nodemask=(null), order=0, oom_score_adj=0\n"
      "[ 9.0] Node 0 DMA32 free:155160kB min:152412kB low:190512kB high:228612kB\n";
  EXPECT_EQ(candidates_of(head + "[ 9.0] Node 0 Normal free:46592kB min:46712kB low:58388kB "
                                 "high:70064kB\n[ 9.0] Killed process 7 (test) "
                                 "total-vm:7339408kB, anon-rss:7234880kB, file-rss:0kB\n"),
            (Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(candidates_of(head + "[ 9.0] lowmem_reserve[]: 0 0 0 0\n[ 9.0] Killed process 7 "
                                 "(test) total-vm:7339408kB, anon-rss:7234880kB, file-rss:0kB\n"),
            Names{})
      << "this zone could have served it";
}

// The reserve of the zone below tells a size by the usual ratio alone, and whoever was killed is
// small.
TEST(Candidates, ZonesSizedByTheReserveAlone) {
  const std::string log =
      "[ 9.0] java invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|"
      "__GFP_ZERO), order=0, oom_score_adj=0\n"
      "[ 9.0] Node 0 DMA free:8144kB boost:0kB min:340kB low:424kB high:508kB\n"
      "[ 9.0] lowmem_reserve[]: 0 1953 1953 1953 1953\n"
      "[ 9.0] Node 0 DMA32 free:43924kB boost:0kB min:44712kB low:55888kB high:67064kB\n"
      "[ 9.0] lowmem_reserve[]: 0 0 0 0 0\n"
      "[ 9.0] Out of memory: Killed process 97 (java) total-vm:1580988kB, anon-rss:376404kB, "
      "file-rss:4kB, shmem-rss:648kB, UID:1000 pgtables:3132kB oom_score_adj:0\n";
  EXPECT_EQ(candidates_of(log), Names{"memory-exhausted"}) << "the kernel's own vm.min_free_kbytes";
  std::string passes = log;
  passes.replace(passes.find("free:43924kB"), 12, "free:93924kB");
  EXPECT_EQ(candidates_of(passes), Names{}) << "this zone could have served it";
}

// Of the min of 5.0 to 5.18 nobody knows how much is a boost where the line ends behind it.
TEST(Candidates, ZonesCutBehindMinLeaveTheSetting) {
  const std::string log =
      "[ 9.0] java invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, "
      "oom_score_adj=0\n"
      "[ 9.0] Node 0 DMA free:8144kB min:340kB\n[ 9.0] Node 0 DMA32 free:43924kB min:44712kB\n"
      "[ 9.0] Out of memory: Killed process 97 (java) total-vm:1580988kB, anon-rss:1576404kB, "
      "file-rss:4kB, shmem-rss:648kB, UID:1000 pgtables:3132kB oom_score_adj:0\n";
  EXPECT_EQ(candidates_of(log),
            (std::vector<std::string>{"memory-exhausted", "min-free-too-high"}));
  const auto events = cases::explain_log(log);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0]->evidence.zones.empty());
  ASSERT_EQ(events[0]->evidence.cut_zones.size(), 2U);
  EXPECT_EQ(events[0]->evidence.cut_zones[1].floor, to_pages(KiB(44712), PageSize{4096}));
}

// What a big one held does not come back at once, and the next victim may be small.
TEST(Candidates, ASmallVictimOfASpreeLeavesWhatTheFirstHeld) {
  const std::string first =
      "[ 9.0] Killed process 71 (hog) total-vm:1737360kB, anon-rss:1733364kB, file-rss:20kB\n";
  const std::string second =
      "[ 9.1] logger invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0, oom_score_adj=0\n"
      "[ 9.1] Free swap  = 0kB\n[ 9.1] Total swap = 0kB\n[ 9.1] 2097151 pages RAM\n"
      "[ 9.1] Killed process 72 (small) total-vm:35915kB, anon-rss:4012kB, file-rss:472kB\n";
  const auto likeliest = [](const std::string& log) {
    const auto events = cases::explain_log(log);
    return std::string(events.back()->candidates.at(0).cause);
  };
  EXPECT_EQ(likeliest(first + second), "memory-exhausted");
  EXPECT_NE(likeliest(second), "memory-exhausted");
}

}  // namespace
}  // namespace whyoom::diagnose
