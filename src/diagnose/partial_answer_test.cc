#include "diagnose/partial_answer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "diagnose/candidates_for_test.h"

namespace whyoom::diagnose {
namespace {

std::vector<std::string> certain_of(const Event& event) {
  std::vector<std::string> sentences;
  for (const Message& message : partial_answer(event)) {
    sentences.push_back(message.str());
  }
  return sentences;
}

std::vector<std::string> certain_of(std::string_view log) {
  const auto events = cases::explain_log(log);
  return events.empty() ? std::vector<std::string>() : certain_of(*events.back());
}

using Sentences = std::vector<std::string>;
constexpr std::string_view hog_sizes =
    "(hog) total-vm:900000kB, anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n";

TEST(PartialAnswer, OfAKillOfTheMachine) {
  EXPECT_EQ(certain_of("[ 9.0] Out of memory: Killed process 7 " + std::string(hog_sizes)),
            (Sentences{"The whole machine was out of memory, not a cgroup.",
                       "hog (pid 7) was killed and held 488 MiB.",
                       "It may have been memory-exhausted or min-free-too-high: the counters of "
                       "Mem-Info (\"active_anon:\") and the zones' min (\"Node 0 Normal free: "
                       "min:\") would tell."}));
}

// A limit that is none cannot be reached, and raising it helps nobody.
TEST(PartialAnswer, OfACgroupWithoutALimit) {
  const auto of = [](const std::string& limit) {
    return certain_of(
               "[ 9.0] kworker/u17:0 invoked oom-killer: gfp_mask=0x0(), order=0\n"
               "[ 9.0] memory: usage 42240kB, limit " +
               limit +
               "kB, failcnt 0\n"
               "[ 9.0] swap: usage 0kB, limit 0kB, failcnt 0\n"
               "[ 9.0] Memory cgroup stats for /test/cg2:\n[ 9.0] anon 42885120\n"
               "[ 9.0] Memory cgroup out of memory: Killed process 675 " +
               std::string(hog_sizes))
        .at(0);
  };
  EXPECT_EQ(of("9007199254740988"),
            "The OOM killer was called for the cgroup /test/cg2, which has no memory limit: it was "
            "no limit that was reached, but somebody asked for the kill.");
  EXPECT_EQ(of("42240"), "The memory limit of the cgroup /test/cg2 was reached.");
}

// Kernels to 5.2 print such a line of each cgroup below the limit, the limit's own first.
TEST(PartialAnswer, OfACgroupWhoseLineMayBeOneOfSeveral) {
  const auto of = [](const std::string& before, const std::string& stats) {
    return certain_of(before + "[ 9.0] Memory cgroup stats for /pod/a:" + stats +
                      "[ 9.0] Memory cgroup out of memory: Kill process 7 (hog) score 0 or "
                      "sacrifice child\n[ 9.0] Killed process 7 " +
                      std::string(hog_sizes))
        .at(0);
  };
  const std::string old =
      " cache:32KB rss:524188KB rss_huge:0KB mapped_file:0KB inactive_anon:267804KB "
      "active_anon:256384KB inactive_file:12KB active_file:4KB unevictable:0KB\n";
  const std::string unnamed =
      "A cgroup's memory limit was reached; the line that names it is not there.";
  const std::string named = "The memory limit of the cgroup /pod/a was reached.";
  EXPECT_EQ(of("", old), unnamed);
  EXPECT_EQ(of("", "\n[ 9.0] anon 42885120\n[ 9.0] file 32768\n"), named);
}

// The machine may have had plenty: a charge to a cgroup that fails ends there too.
TEST(PartialAnswer, OfAPageFaultWithoutARequest) {
  EXPECT_EQ(certain_of("[ 9.0] java invoked oom-killer: gfp_mask=0x0(), order=0\n").at(0),
            "The OOM killer was called for a request by java; whether the machine or a cgroup was "
            "short is not in these lines.");
}

// What is there is not asked for.
TEST(PartialAnswer, OfCountersWithoutTheSizeOfRam) {
  const std::string head =
      "[ 9.0] java invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0\n"
      "[ 9.0] Mem-Info:\n[ 9.0] active_anon:93769 inactive_anon:13540 isolated_anon:0\n";
  const auto last = [](const std::string& log) { return certain_of(log).back(); };
  EXPECT_NE(last(head + "[ 9.0]  free:2756 free_pcp:0 free_cma:0\n").find("\"pages RAM\""),
            std::string::npos);
  EXPECT_NE(last(head + "[ 9.0] Out of memory: Killed process 7 (java)\n").find("\"free:\""),
            std::string::npos);
}

// Other CPUs free memory between the refusal and the report.
TEST(PartialAnswer, OfAPageThatIsThereAgain) {
  const auto of = [](const std::string& flags, const std::string& free) {
    const auto said =
        certain_of("[ 9.0] smartctl: page allocation failure: order:0, mode:" + flags +
                   ", nodemask=(null)\n[ 9.0] CPU: 0 PID: 7 Comm: smartctl Not tainted 5.13.0 #1\n"
                   "[ 9.0] Node 0 Normal free:" +
                   free +
                   "kB min:65000kB low:81000kB high:97000kB managed:16000000kB\n"
                   "[ 9.0] lowmem_reserve[]: 0 0 0 0 0\n");
    return said.back();
  };
  EXPECT_EQ(of("0x2800(GFP_NOWAIT)", "421000"),
            "Until the report was printed the shortage was over: zone Normal had 421000 kB free, "
            "and 65000 kB must stay.");
  EXPECT_NE(of("0x2800(GFP_NOWAIT)", "64000").substr(0, 5), "Until");
  EXPECT_NE(of("0x202800(GFP_NOWAIT|__GFP_THISNODE)", "421000").substr(0, 5), "Until");
}

TEST(PartialAnswer, OfPerCpuMemory) {
  EXPECT_EQ(certain_of("[ 9.0] percpu: allocation failed, size=256 align=256 atomic=0, failed to "
                       "allocate new chunk\n"),
            Sentences{"The kernel got no per-CPU memory for 256 bytes (failed to allocate new "
                      "chunk); nothing was killed."});
}

// A trace tells who called the OOM killer; of a block of pages it may be that no block was left.
TEST(PartialAnswer, OfAHeadAndATrace) {
  const auto of = [](const std::string& order, const std::string& caller) {
    return certain_of("[ 9.0] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=" + order +
                      ", oom_score_adj=0\n[ 9.0] Call Trace:\n[ 9.0]  dump_header+0x44/0x18d\n"
                      "[ 9.0]  out_of_memory+0x1f0/0x4f0\n[ 9.0]  " +
                      caller + "+0xbb2/0xca0\n");
  };
  EXPECT_EQ(of("0", "__alloc_pages_slowpath"),
            (Sentences{"The whole machine was out of memory, not a cgroup.",
                       "It may have been memory-exhausted or min-free-too-high: the counters of "
                       "Mem-Info (\"active_anon:\") and the zones' min (\"Node 0 Normal free: "
                       "min:\") would tell."}));
  EXPECT_EQ(of("2", "__alloc_pages_slowpath").at(1),
            "It may have been memory-exhausted, fragmentation or min-free-too-high: the counters "
            "of Mem-Info (\"active_anon:\"), the free lists (\"Node 0 Normal: 12*4kB\") and the "
            "zones' min (\"Node 0 Normal free: min:\") would tell.");
  EXPECT_EQ(of("0", "moom_callback").at(0),
            "The OOM killer was called for a request by java; whether the machine or a cgroup was "
            "short is not in these lines.");
  EXPECT_EQ(of("0", "mem_cgroup_out_of_memory").at(0),
            "A cgroup's memory limit was reached; the line that names it is not there.");
}

// A kernel of 4.1 takes the pages of CMA from the reserved ones, which go below zero.
TEST(PartialAnswer, SaysHowMuchOfRamWasFree) {
  const auto of = [](const std::string& free, const std::string& lists) {
    return certain_of(
        "[   74.592755] Normal free:" + free +
        "kB min:2848kB low:3560kB high:4272kB active_anon:0kB inactive_anon:0kB active_file:0kB "
        "inactive_file:0kB unevictable:0kB present:524288kB managed:507108kB mlocked:0kB\n"
        "[   74.636135] lowmem_reserve[]: 0 0 0\n"
        "[   74.639664] Normal: " +
        lists + " = " + free +
        "kB\n"
        "[   74.676905] 131072 pages RAM\n"
        "[   74.679795] 0 pages HighMem/MovableOnly\n"
        "[   74.683662] 4294965447 pages reserved\n"
        "[   74.687339] 6144 pages cma reserved\n"
        "[   74.699457] Kernel panic - not syncing: Out of memory and no killable processes...\n");
  };
  const auto free = of("497168", "0*4kB 0*8kB 1*16kB (U) 1*512kB (U) 1*1024kB (U) 121*4096kB (U)");
  EXPECT_EQ(std::ranges::count(free,
                               "A request found no memory that it may have, though 486 MiB were "
                               "free; it was no cgroup's limit."),
            1);
  const auto used = of("4168", "0*4kB 1*8kB (U) 1*64kB (U) 1*4096kB (U)");
  EXPECT_TRUE(std::ranges::none_of(
      used, [](const std::string& said) { return said.find("were free") != std::string::npos; }));
}

TEST(PartialAnswer, OfACgroup) {
  EXPECT_EQ(
      certain_of("[ 9.0] Memory cgroup out of memory: Killed process 7 " + std::string(hog_sizes))
          .at(0),
      "A cgroup's memory limit was reached; the line that names it is not there.");
  const auto of = [](const std::string& path) {
    return certain_of(
               "[ 9.0] "
               "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
               "oom_memcg=" +
               path + ",task_memcg=" + path +
               ",task=hog,pid=7,uid=0\n[ 9.0] Memory cgroup out of memory: Killed process 7 " +
               std::string(hog_sizes))
        .at(0);
  };
  EXPECT_EQ(of("/jail"), "The memory limit of the cgroup /jail was reached.");
  EXPECT_EQ(of("/system.slice/web.service"), "The memory limit of web.service was reached.");
}

TEST(PartialAnswer, OfSomeNodes) {
  const auto of = [](const std::string& constraint, const std::string& nodemask) {
    return certain_of("[ 9.0] oom-kill:constraint=" + constraint + ",nodemask=" + nodemask +
                      ",cpuset=/a,mems_allowed=0-1,global_oom,task_memcg=/,task=hog,pid=7,uid=0\n"
                      "[ 9.0] Out of memory: Killed process 7 " +
                      std::string(hog_sizes))
        .at(0);
  };
  EXPECT_EQ(of("CONSTRAINT_MEMORY_POLICY", "1"),
            "No memory was left in node 1, and this task may use no other.");
  EXPECT_EQ(of("CONSTRAINT_CPUSET", "(null)"),
            "No memory was left in nodes 0-1, and this task may use no other.");
}

TEST(PartialAnswer, OfAHeaderWhoseFlagsNoCgroupIsChargedWith) {
  const auto of = [](const std::string& nodemask, const std::string& cpuset) {
    return certain_of(
               "[ 9.0] nginx invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|"
               "__GFP_ZERO), nodemask=" +
               nodemask + ", order=0, oom_score_adj=0\n[ 9.0] nginx cpuset=" + cpuset + "\n")
        .at(0);
  };
  const std::string whole = "The whole machine was out of memory, not a cgroup.";
  const std::string bound =
      "The machine was out of memory, or those of its nodes that this task may use; it was no "
      "cgroup's limit.";
  EXPECT_EQ(of("0-1", "/ mems_allowed=0-1"), whole);
  EXPECT_EQ(of("(null)", "/ mems_allowed=0-1"), whole);
  EXPECT_EQ(of("0", "/a mems_allowed=0"), whole);
  EXPECT_EQ(of("1", "/ mems_allowed=0-1"), bound);
  EXPECT_EQ(of("(null)", "/a mems_allowed=0-1"), bound);
}

TEST(PartialAnswer, OfALineThatDoesNotSayWhose) {
  EXPECT_EQ(certain_of("[ 9.0] java invoked oom-killer: gfp_mask=0x200da, order=0\n").at(0),
            "The OOM killer was called for a request by java; whether the machine or a cgroup was "
            "short is not in these lines.");
  EXPECT_EQ(certain_of("[ 9.0] Killed process 7 " + std::string(hog_sizes)),
            (Sentences{"The OOM killer was called; whether the machine or a cgroup was short is "
                       "not in these lines.",
                       "hog (pid 7) was killed and held 488 MiB."}));
}

TEST(PartialAnswer, OfARequestThatFailed) {
  Event event;
  event.report.kind = report::Kind::page_allocation_failure;
  event.evidence.report = &event.report;
  EXPECT_EQ(certain_of(event), Sentences{"A request for memory failed; nothing was killed."});
  event.report.trigger.emplace().order = 4;
  EXPECT_EQ(certain_of(event), Sentences{"A request of order 4 failed; nothing was killed."});
  event.report.trigger->gfp.emplace().flags.set(kernel::GfpFlag::high);
  EXPECT_EQ(certain_of(event),
            Sentences{"A request of order 4 that may not wait failed; nothing was killed."});
  event.report.trigger->gfp->flags.set(kernel::GfpFlag::direct_reclaim);
  EXPECT_EQ(certain_of(event), Sentences{"A request of order 4 failed; nothing was killed."});
  event.report.trigger->order = -1;
  EXPECT_EQ(certain_of(event), Sentences{"A request for memory failed; nothing was killed."});
  event.report.slub.emplace().cache = "dentry\x1b";
  EXPECT_EQ(certain_of(event), Sentences{"SLUB found no memory for another slab of the cache "
                                         "dentry\\x1b; nothing was killed."});
  event.report.slub->cgroup = "/jail";
  EXPECT_EQ(certain_of(event),
            Sentences{"SLUB got no memory for another slab of the cache dentry\\x1b of the cgroup "
                      "/jail: its limit may be reached, or the machine was short; nothing was "
                      "killed."});
}

TEST(PartialAnswer, WhetherARequestMayWaitIsInTheMaskOfItsKernel) {
  const auto of = [](const std::string& head) { return certain_of("[ 9.0] java: " + head).at(0); };
  EXPECT_EQ(of("page allocation failure. order:0, mode:0xd0\n"),
            "A request of order 0 failed; nothing was killed.");
  EXPECT_EQ(of("page allocation failure: order:1, mode:0x20\n"),
            "A request of order 1 that may not wait failed; nothing was killed.");
  EXPECT_EQ(of("page allocation stalls for 10060ms, order:1, mode:0x15080c0(GFP_KERNEL_ACCOUNT|"
               "__GFP_ZERO), nodemask=(null)\n"),
            "A request of order 1 waited long for memory, and went on trying; nothing was killed.");
}

TEST(PartialAnswer, OfMemInfoAlone) {
  const std::string memory =
      "[ 9.0] Mem-Info:\n[ 9.0] active_anon:1 inactive_anon:2 isolated_anon:0\n"
      "[ 9.0]  free:69205 free_pcp:604 free_cma:13948\n";
  EXPECT_EQ(certain_of(memory).at(0),
            "The kernel printed what its memory was used for; whether for an OOM kill or for a "
            "request that failed is not in these lines.");
  EXPECT_EQ(
      certain_of("[ 9.0] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0\n" + memory)
          .at(0),
      "The whole machine was out of memory, not a cgroup.");
}

// 29,822 slabs of 2^3 pages; each holds one object.
TEST(PartialAnswer, OfACacheSaysWhatItHolds) {
  EXPECT_EQ(certain_of("[ 9.0] SLUB: Unable to allocate memory on node -1, gfp=0x20(GFP_ATOMIC)\n"
                       "[ 9.0]   cache: things, object size: 32768, buffer size: 32768, default "
                       "order: 3, min order: 3\n"
                       "[ 9.0]   node 0: slabs: 29822, objs: 29822, free: 0\n")
                .at(0),
            "SLUB found no memory for another slab of the cache things (at least 932 MiB, 29,822 "
            "of 29,822 objects in use); nothing was killed.");
}

TEST(PartialAnswer, OfAProgramThatKilled) {
  Event event;
  event.report.kind = report::Kind::userspace_kill;
  event.evidence.report = &event.report;
  auto& kill = event.report.userspace.emplace();
  kill.killer = "earlyoom";
  kill.victim = "java";
  kill.pid = 7;
  EXPECT_EQ(certain_of(event),
            Sentences{"earlyoom killed java (pid 7), not the kernel's OOM killer."});
  kill.mem_available_percent = 7.64;
  kill.swap_free_percent = 8.93;
  EXPECT_EQ(certain_of(event).at(1), "7.6 % of memory were available, and 8.9 % of swap free.");
  kill.swap_total = 0;
  EXPECT_EQ(certain_of(event).at(1), "7.6 % of memory were available.") << "there is no swap";
  kill = {};
  kill.killer = "systemd-oomd";
  kill.victim = "/user.slice/app.slice/tmux.scope";
  kill.pressure_percent = 62.12;
  kill.pressure_limit_percent = 50;
  EXPECT_EQ(certain_of(event),
            (Sentences{"systemd-oomd killed tmux.scope, not the kernel's OOM killer.",
                       "Memory pressure was 62 %, more than 50 %."}));
  kill = {};
  kill.killer = "lowmemorykiller";
  kill.victim = "com.x";
  kill.pid = 8;
  kill.victim_resident = 140528U << 10U;
  EXPECT_EQ(certain_of(event).at(1), "com.x held 137 MiB of RAM.");
  kill.victim_swap = 37404U << 10U;
  kill.reason = "device is not responding";
  EXPECT_EQ(certain_of(event),
            (Sentences{"lowmemorykiller killed com.x (pid 8), not the kernel's OOM killer.",
                       "Its reason: device is not responding.",
                       "com.x held 137 MiB of RAM and 36.5 MiB of swap."}));
}

// A small process dies because it is small only where nothing else chose it.
TEST(PartialAnswer, WhoWasChosenByASettingSaysNothingOfTheOthers) {
  const std::string small =
      "[ 9.2] Killed process 8 (sh) total-vm:900kB, anon-rss:80kB, file-rss:4kB, shmem-rss:0kB\n";
  EXPECT_EQ(cases::candidates_of(
                "[ 9.1] Out of memory: Kill process 8 (sh) score 0 or sacrifice child\n" + small),
            (cases::Names{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "min-free-too-high"}));
  EXPECT_EQ(
      cases::candidates_of("[ 9.1] Out of memory (oom_kill_allocating_task): Kill process 8 (sh) "
                           "score 0 or sacrifice child\n" +
                           small),
      (cases::Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_EQ(cases::candidates_of(
                "[ 9.0] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
                "oom_score_adj name\n"
                "[ 9.0] [    4]   999     4    55614     9873   245760        0          1000 "
                "netdata\n"
                "[ 9.0] [    8]   999     8     5318      843    94208        0             0 sh\n"
                "[ 9.1] Out of memory: Kill process 4 (netdata) score 1002 or sacrifice child\n" +
                small),
            (cases::Names{"memory-exhausted", "min-free-too-high"}))
      << "it died in the place of one with an oom_score_adj";
}

TEST(PartialAnswer, ALineIsAskedForAsItsKernelPrintsIt) {
  const auto unless = [](const std::string& line) {
    return cases::explain_log(line).at(0)->overturned_by.at(0).what.str();
  };
  EXPECT_EQ(unless("[ 9.0] Memory cgroup out of memory: Killed process 7 (node) "
                   "total-vm:783352kB, anon-rss:201844kB, file-rss:22852kB\n"),
            "the line \"Task in ... killed as a result of limit of\"");
  EXPECT_EQ(unless("[ 9.0] Memory cgroup out of memory: Killed process 7 (node) "
                   "total-vm:783352kB, anon-rss:201844kB, file-rss:22852kB, shmem-rss:0kB\n"),
            "the line that names both cgroups (\"oom-kill:constraint=\")");
}

TEST(PartialAnswer, OfEachOtherKind) {
  const std::pair<report::Kind, const char*> rows[] = {
      {report::Kind::fork_rejected, "A fork was rejected by the limit of a cgroup (pids.max)."},
      {report::Kind::overcommit_refused, "The kernel refused to promise more memory (overcommit)."},
      {report::Kind::userspace_kill, "A program killed a process, not the kernel's OOM killer."},
      {report::Kind::limit_reached, "A limit was reached."}};
  for (const auto& [kind, sentence] : rows) {
    Event event;
    event.report.kind = kind;
    event.evidence.report = &event.report;
    EXPECT_EQ(certain_of(event), Sentences{sentence});
  }
}

TEST(PartialAnswer, OfAFullSwapAndWhatIsInNoCounter) {
  Event event;
  event.report.known_global = true;
  event.evidence.report = &event.report;
  event.evidence.swap_total = Bytes(std::uint64_t{1} << 30U);
  event.evidence.swap_free = Bytes(4096);
  EXPECT_EQ(certain_of(event),
            (Sentences{"The whole machine was out of memory, not a cgroup.",
                       "Swap was full (4 kB of 1 GiB were free).",
                       "What filled it, or kept it out of reach, is not in these lines."}));
  event.evidence.swap_free = event.evidence.swap_total;
  memory::Account& account = event.evidence.account.emplace();
  account.total = Bytes(std::uint64_t{1} << 30U);
  account.lines = {{memory::AccountLine::What::unaccounted, Bytes(std::uint64_t{768} << 20U), {}}};
  EXPECT_EQ(certain_of(event).size(), 2U) << "huge pages may be there";
  account.hugepages_known = true;
  EXPECT_EQ(certain_of(event),
            (Sentences{"The whole machine was out of memory, not a cgroup.",
                       "768 MiB (75 % of RAM) are in no counter: the kernel's own.",
                       "No single use of RAM explains it."}));
  account.lines[0].size = Bytes(std::uint64_t{1} << 20U);
  EXPECT_EQ(certain_of(event).size(), 2U);
}

TEST(PartialAnswer, NamesTheCandidatesAndWhatDecides) {
  Event event;
  event.evidence.report = &event.report;
  event.candidates = {{"a", Message("the zones")}};
  EXPECT_EQ(certain_of(event).back(), "It may have been a: the zones would tell.");
  event.candidates.push_back({"b", Message("the tasks")});
  EXPECT_EQ(certain_of(event).back(),
            "It may have been a or b: the zones and the tasks would tell.");
  event.candidates[1].decides = Message("the zones");
  EXPECT_EQ(certain_of(event).back(), "It may have been a or b: the zones would tell.");
}

// score 498 without more: half of RAM and swap. With its sizes (4 GiB) these have at least 8 GiB.
TEST(PartialAnswer, BelievesTheScoreOfAKillLine) {
  EXPECT_EQ(
      certain_of("[ 9.0] Out of memory: Kill process 7 (mysqld) score 498 or sacrifice "
                 "child\n"),
      (Sentences{"The whole machine was out of memory, not a cgroup.", "mysqld (pid 7) was killed.",
                 "By its score of 498 it held 50 % of RAM and swap together, if its "
                 "oom_score_adj was 0.",
                 "It may have been memory-exhausted or min-free-too-high: the counters of "
                 "Mem-Info (\"active_anon:\") and the zones' min (\"Node 0 Normal free: min:\") "
                 "would tell."}));
}

TEST(PartialAnswer, OfPerCpuMemoryWithoutItsReason) {
  EXPECT_EQ(certain_of("[ 9.0] percpu: allocation failed, size=4104 align=32\n"),
            Sentences{"The kernel got no per-CPU memory for 4104 bytes; nothing was killed."});
}

// What is used leaves room for the request wherever it lies: the pool is not what was too small.
TEST(PartialAnswer, OfABounceBufferWhosePoolHasRoom) {
  const auto of = [](const std::string& device) {
    return certain_of("[ 9.0] " + device +
                      "swiotlb buffer is full (sz: 16 bytes), total 32768 (slots), used 258 "
                      "(slots)\n");
  };
  const std::string rest =
      " got no bounce buffer (swiotlb) of 16 bytes with 258 of 32,768 slots used: a bigger pool "
      "(swiotlb=) does not help. A limit of the device keeps it from the free slots: an alignment, "
      "a boundary or the addresses that it reaches.";
  EXPECT_EQ(of("virtio-pci 0000:00:04.0: "), Sentences{"virtio-pci 0000:00:04.0" + rest});
  EXPECT_EQ(of(""), Sentences{"A device" + rest});
}

TEST(PartialAnswer, OfMemoryThatXfsTriesToGet) {
  const auto of = [](const std::string& size) {
    return certain_of("[ 9.0] XFS: nginx(77) possible memory allocation deadlock " + size +
                      "in kmem_alloc (mode:0x250)\n");
  };
  const std::string waits =
      " and got none in 100 tries. It goes on trying, and what needs it waits.";
  EXPECT_EQ(of("size 65728 "),
            (Sentences{"XFS asked for 64.2 KiB" + waits,
                       "That is order 5 in one piece: memory that is free is likely to be in "
                       "smaller pieces."}));
  EXPECT_NE(of("size 32769 ").at(1).find("order 4 "), std::string::npos);
  EXPECT_NE(of("size 65536 ").at(1).find("order 4 "), std::string::npos);
  EXPECT_NE(of("size 65537 ").at(1).find("order 5 "), std::string::npos);
  EXPECT_EQ(of("size 32768 "), Sentences{"XFS asked for 32 KiB" + waits});
  EXPECT_EQ(of(""), Sentences{"XFS asked for memory" + waits});
}

TEST(PartialAnswer, OfSlab) {
  EXPECT_EQ(certain_of("[ 9.0] SLAB: Unable to allocate memory on node 0 (gfp=0xd0)\n"
                       "[ 9.0]   cache: TCP, object size: 1728, order: 1\n"
                       "[ 9.0]   node 0: slabs: 5/5, objs: 20/20, free: 0\n")
                .at(0),
            "SLAB found no memory for another slab of the cache TCP (at least 40 KiB, 20 of 20 "
            "objects in use); nothing was killed.");
}

// Each kernel prints one of the two lines that name the cgroups.
TEST(PartialAnswer, AsksForNoLineThatTheOtherExcludes) {
  const auto of = [](const std::string& line) {
    const std::string said = certain_of("kernel: " + line +
                                        "\nkernel: Memory cgroup out of memory: "
                                        "Killed process 7 (hog) total-vm:900000kB, "
                                        "anon-rss:500000kB, file-rss:0kB\n")
                                 .back();
    return said.substr(said.find("the line"));
  };
  EXPECT_EQ(of("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0-1,"
               "oom_memcg=/ltp/test-9552,task_memcg=/ltp/test-95520"),
            "the line that names both cgroups (\"oom-kill:constraint=\") would tell.");
  EXPECT_EQ(of("Task in /docker/c5637afc073e killed as a result of limit of /docker/c56"),
            "the line \"Task in ... killed as a result of limit of\" would tell.");
}

}  // namespace
}  // namespace whyoom::diagnose
