#include <gtest/gtest.h>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;
using testing::killed_line;
using testing::lines_of;
using testing::sample_failure;
using testing::sample_report;
using testing::text_of;

using Names = std::vector<std::string>;

TEST(Assembler, OldKernelsAnnounceTheKill) {
  const std::string log =
      "[   10.000001] app invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\n"
      "[   10.000002] app cpuset=/ mems_allowed=0\n"
      "[   10.000003] Out of memory: Kill process 70 (parent) score 900 or sacrifice child\n"
      "[   10.000004] Killed process 71 (child) total-vm:10kB, anon-rss:2kB, file-rss:3kB\n"
      "[   11.000001] app invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\n"
      "[   11.000003] Out of memory: Kill process 70 (parent) score 899 or sacrifice child\n";
  const auto events = assemble(log);
  ASSERT_EQ(events.size(), 2U);
  ASSERT_EQ(events[0].victims.size(), 1U);
  EXPECT_EQ(events[0].victims[0].comm, "child");
  EXPECT_FALSE(events[0].victims[0].score);  // that was the parent's
  EXPECT_EQ(events[0].cpuset, "/");
  EXPECT_EQ(missing_parts(events[0]), (Names{"mem-info", "zones", "tasks"}));
  ASSERT_EQ(events[1].victims.size(), 1U);
  EXPECT_EQ(events[1].victims[0].comm, "parent");
  EXPECT_EQ(events[1].victims[0].score, 899);
}

TEST(Assembler, CgroupWithTheWholeGroupKilled) {
  const std::string log =
      "[   10.000001] app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
      "oom_score_adj=0\n"
      "[   10.000002] CPU: 0 PID: 5 Comm: app Not tainted 5.15.0 #1\n"
      "[   10.000003] Call Trace:\n"
      "[   10.000004]  mem_cgroup_out_of_memory+0x12a/0x140\n"
      "[   10.000005] memory: usage 980kB, limit 1024kB, failcnt 7\n"
      "[   10.000006] swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
      "[   10.000007] Memory cgroup stats for /a:\n"
      "[   10.000008] anon 1003520\n"
      "[   10.000008] pgfault 12\n"
      "[   10.000009] Tasks state (memory values in pages):\n"
      "[   10.000010] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
      "oom_score_adj name\n"
      "[   10.000011] [      5]     0     5     2000      150    45056       10             0 app\n"
      "[   10.000012] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
      "oom_memcg=/a,task_memcg=/a/b,task=app,pid=5,uid=0\n" +
      killed_line("   10.000013", 5, "Memory cgroup out of memory") +
      "[   10.000014] Tasks in /a are going to be killed due to memory.oom.group set\n" +
      killed_line("   10.000015", 6, "Memory cgroup out of memory");
  const auto events = assemble(log);
  ASSERT_EQ(events.size(), 1U);
  const Report& r = events[0];
  EXPECT_EQ(r.kind, Kind::memcg_oom_kill);
  EXPECT_EQ(missing_parts(r), Names{});
  EXPECT_EQ(r.memcg->limit_path, "/a");
  EXPECT_EQ(r.memcg->task_path, "/a/b");
  EXPECT_EQ(r.memcg->memory.failcnt->value, 7U);
  EXPECT_TRUE(r.memcg->hierarchical);
  ASSERT_EQ(r.memcg->stats.size(), 2U);
  EXPECT_FALSE(r.memcg->stats[1].bytes);
  ASSERT_EQ(r.victims.size(), 2U);
  EXPECT_FALSE(r.victims[0].by_group);
  EXPECT_TRUE(r.victims[1].by_group);
}

// 4.19 to 5.1: the others of the group have no prefix.
TEST(Assembler, AGroupDiesWithItsProcessWhereTheMachineIsShort) {
  const auto killed = [](const char* time, int pid) {
    return killed_line(time, pid, "Out of memory");
  };
  std::string log = killed("   52.836625", 1221) +
                    "[   52.841431] Tasks in /A1 are going to be killed due to memory.oom.group "
                    "set\n";
  for (const int pid : {1217, 1221}) {
    std::string line = killed("   52.869439", pid);
    log += line.erase(line.find("Out of memory: "), 15);
  }
  const auto reports = assemble(log);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].kind, Kind::oom_kill);
  EXPECT_EQ(reports[0].victims.size(), 3U) << "as it is printed";
  const auto processes = killed_processes(reports[0]);
  ASSERT_EQ(processes.size(), 2U) << "the first comes again";
  EXPECT_EQ(processes[1]->pid, 1217);
}

TEST(Assembler, TheLimitOfTheHostIsNoCgroups) {
  const auto events = assemble(
      "[   10.000001] app invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n"
      "[   10.000002] Task in /user.slice killed as a result of limit of host\n" +
      killed_line("   10.000007", 5, "Out of memory"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::oom_kill);
  EXPECT_TRUE(events[0].known_global);
  EXPECT_FALSE(events[0].memcg);
  EXPECT_EQ(events[0].victims.size(), 1U);
}

TEST(Assembler, OldCgroupStatisticsAddUpBelow) {
  const std::string log =
      "[   10.000001] app invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n"
      "[   10.000002] Task in /a/b killed as a result of limit of /a\n"
      "[   10.000003] memory: usage 980kB, limit 1024kB, failcnt 7\n"
      "[   10.000004] Memory cgroup stats for /a: cache:1KB rss:2KB unevictable:0KB\n"
      "[   10.000005] Memory cgroup stats for /a/b: cache:10KB rss:20KB unevictable:0KB\n"
      "[   10.000006] Memory cgroup stats for /a/c: cache:100KB rss:200KB unevictable:0KB\n" +
      killed_line("   10.000007", 5, "Memory cgroup out of memory");
  const auto events = assemble(log);
  ASSERT_EQ(events.size(), 1U);
  const Memcg& memcg = *events[0].memcg;
  EXPECT_EQ(memcg.task_path, "/a/b");
  EXPECT_FALSE(memcg.hierarchical);
  EXPECT_EQ(memcg.stats.at(1).value, 2U * 1024);
  EXPECT_EQ(memcg.children.at(1).value, 220U * 1024);
}

TEST(Assembler, PanicsOfTheReportAndOthers) {
  const auto lines = lines_of(sample_report());
  const std::string head = text_of({lines.begin(), lines.begin() + 44});
  const auto with = [&](const std::string& tail) { return assemble(head + tail); };
  const auto enabled = with(
      "[  812.200000] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is "
      "enabled\n[  812.200001] CPU: 3 PID: 4711 Comm: web srv Not tainted 6.5.0-44-generic #44\n");
  ASSERT_EQ(enabled.size(), 1U);
  EXPECT_EQ(enabled[0].kind, Kind::oom_panic);
  EXPECT_EQ(enabled[0].outcome, Outcome::panic);
  EXPECT_EQ(enabled[0].panic->reason, Panic::Reason::panic_on_oom_compulsory);
  EXPECT_EQ(missing_parts(enabled[0]), Names{});
  const auto deadlock = with(
      "[  812.200000] Out of memory and no killable processes...\n"
      "[  812.200001] Kernel panic - not syncing: System is deadlocked on "
      "memory\n");
  ASSERT_EQ(deadlock.size(), 1U);
  EXPECT_EQ(deadlock[0].panic->reason, Panic::Reason::deadlocked);
  EXPECT_TRUE(deadlock[0].no_killable_at);
  const auto init = assemble(sample_report() +
                             "[  813.000000] Kernel panic - not syncing: Attempted "
                             "to kill init! exitcode=0x00000009\n");
  ASSERT_EQ(init.size(), 1U);
  EXPECT_EQ(init[0].kind, Kind::oom_kill);
  // A report that killed is not the one that panics.
  const auto after = assemble(sample_report() +
                              "[  813.000000] Kernel panic - not syncing: System is "
                              "deadlocked on memory\n");
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].outcome, Outcome::killed);
  EXPECT_EQ(after[1].kind, Kind::oom_panic);
}

TEST(Assembler, NobodyToKillInACgroupIsNoPanic) {
  const auto events = assemble(
      "[   10.000001] app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
      "oom_score_adj=0\n"
      "[   10.000005] memory: usage 980kB, limit 1024kB, failcnt 7\n"
      "[   10.000009] Tasks state (memory values in pages):\n"
      "[   10.000012] Out of memory and no killable processes...\n"
      "[   10.000013] app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
      "oom_score_adj=0\n");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, Kind::memcg_oom_kill);
  EXPECT_EQ(events[0].outcome, Outcome::no_victim);
  EXPECT_FALSE(events[0].constraint);
  EXPECT_EQ(missing_parts(events[0]), Names{"memcg-stats"});
}

// Of the machine it would panic.
TEST(Assembler, NobodyToKillAndTheNextReportIsOfACgroup) {
  const auto first = [](const std::string& between, const std::string& time) {
    const auto events =
        assemble("[  100.1] Out of memory and no killable processes...\n" + between + time +
                 "app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), "
                 "order=0, oom_score_adj=0\n");
    EXPECT_EQ(events.size(), 2U);
    return events.at(0);
  };
  const auto goes_on = first("", "[  100.2] ");
  EXPECT_EQ(goes_on.kind, Kind::memcg_oom_kill);
  EXPECT_EQ(goes_on.outcome, Outcome::no_victim);
  EXPECT_EQ(first("", "[  106.2] ").kind, Kind::oom_kill) << "it may have been started again";
  EXPECT_EQ(first("", "[    3.2] ").kind, Kind::oom_kill) << "it was";
  EXPECT_EQ(
      first("[  100.1] Kernel panic - not syncing: System is deadlocked on memory\n", "[  100.2] ")
          .kind,
      Kind::oom_panic);
  const auto asked =
      first("[  100.1] sysrq: OOM request ignored. No task eligible\n", "[  100.2] ");
  EXPECT_EQ(asked.kind, Kind::oom_kill);
  EXPECT_EQ(asked.sysrq_at->line, 2U);
}

TEST(Assembler, KthreaddIsChargedToNoCgroup) {
  const auto known_global = [](const std::string& comm, const std::string& pid) {
    const auto events =
        assemble("[11241.261275] " + comm +
                 " invoked oom-killer: gfp_mask=0x3000d0, order=2, "
                 "oom_score_adj=0\n[11241.261284] CPU: 3 PID: " +
                 pid + " Comm: " + comm + " Not tainted 3.10.0-229.11.1.el7.x86_64 #1\n");
    return events.at(0).known_global;
  };
  EXPECT_TRUE(known_global("kthreadd", "2"));
  EXPECT_FALSE(known_global("kthreadd", "4122")) << "a process of that name";
  EXPECT_FALSE(known_global("sh", "2"));
}

TEST(Assembler, SysrqOfAnOldKernelMayEndInAPanic) {
  const std::string panic =
      "[  910.113950] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is "
      "enabled\n";
  const auto of = [&](const std::string& asked) { return assemble(asked + panic); };
  const auto old = of("[  910.064760] SysRq : Manual OOM execution\n");
  ASSERT_EQ(old.size(), 1U);
  EXPECT_EQ(old[0].sysrq_at->line, 1U);
  EXPECT_FALSE(of("[  910.064760] sysrq: Manual OOM execution\n")[0].sysrq_at)
      << "that kernel never panics of it";
  EXPECT_FALSE(of("[  810.064760] SysRq : Manual OOM execution\n")[0].sysrq_at);
}

TEST(Assembler, SysrqAsksForAKillOrForNumbers) {
  const auto kill = assemble("[  812.000001] sysrq: Manual OOM execution\n" + sample_report());
  ASSERT_EQ(kill.size(), 1U);
  EXPECT_EQ(kill[0].sysrq_at->line, 1U);
  const std::string killed =
      "[  812.000002] Out of memory: Killed process 70 (hog) total-vm:9kB, "
      "anon-rss:1kB, file-rss:0kB, shmem-rss:0kB\n";
  const auto bare = assemble("[  812.000001] sysrq: Manual OOM execution\n" + killed);
  ASSERT_EQ(bare.size(), 1U);
  EXPECT_TRUE(bare[0].sysrq_at);
  const auto cgroup = assemble(
      "[  812.000001] sysrq: Manual OOM execution\n"
      "[  812.000002] Memory cgroup out of memory: Killed process 70 (hog) "
      "total-vm:9kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB\n");
  ASSERT_EQ(cgroup.size(), 1U);
  EXPECT_FALSE(cgroup[0].sysrq_at);
  const auto refused = assemble(
      "[  812.000001] sysrq: Manual OOM execution\n"
      "[  812.000001] sysrq: OOM request ignored. No task eligible\n" +
      killed);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_FALSE(refused[0].sysrq_at);
  const auto boot = assemble("[  913.000001] sysrq: Manual OOM execution\n" + killed);
  ASSERT_EQ(boot.size(), 1U);
  EXPECT_FALSE(boot[0].sysrq_at);
  const auto later = assemble("[  712.000001] sysrq: Manual OOM execution\n" + killed);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_FALSE(later[0].sysrq_at);
  auto lines = lines_of(sample_report());
  const std::string memory = text_of({lines.begin() + 11, lines.begin() + 36});
  EXPECT_TRUE(assemble("[  812.000001] sysrq: Show Memory\n" + memory).empty());
  EXPECT_EQ(assemble(memory).size(), 1U);
}

TEST(Assembler, WhatAnotherProgramQuotesIsNoEvent) {
  std::vector<Report> events;
  Assembler assembler("log", [&](Report&& report) { events.push_back(std::move(report)); });
  logtext::Line line;
  line.number = 1;
  line.origin.lower(logtext::Origin::other);
  line.tag = "bash";
  line.framed = true;
  line.text = "Out of memory: Killed process 7 (x) total-vm:1kB, anon-rss:1kB, file-rss:1kB";
  assembler.line(line);
  assembler.flush();
  EXPECT_TRUE(events.empty());
  line.origin = {};
  line.origin.lower(logtext::Origin::kernel);
  assembler.line(line);
  EXPECT_FALSE(assembler.idle());
  assembler.flush();
  EXPECT_TRUE(assembler.idle());
  EXPECT_EQ(events.size(), 1U);
}

TEST(Assembler, OthersKillProcessesToo) {
  EXPECT_TRUE(assemble("Killed process 12 (worker)\nKilled process 13\nKilled\n").empty());
  EXPECT_EQ(
      assemble("Killed process 12 (worker) total-vm:9kB, anon-rss:1kB, file-rss:0kB\n").size(), 1U);
}

TEST(Assembler, SlubAndVmallocJoinTheirFailure) {
  const std::string slub =
      "[  813.000001] SLUB: Unable to allocate memory on node -1, gfp=0xa20(GFP_ATOMIC)\n"
      "[  813.000002]   cache: things, object size: 640, buffer size: 704, default order: 3, min "
      "order: 0\n"
      "[  813.000003]   node 0: slabs: 40, objs: 500, free: 3\n"
      "[  813.000004]   node 1: slabs: 2, objs: 20, free: 0\n";
  const auto joined = assemble(sample_failure() + slub);
  ASSERT_EQ(joined.size(), 1U);
  EXPECT_EQ(joined[0].slub->cache, "things");
  const auto alone = assemble(slub);
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(alone[0].kind, Kind::page_allocation_failure);
  EXPECT_EQ(missing_parts(alone[0]), Names{});
  EXPECT_EQ(alone[0].trigger->gfp->mask, 0xa20U);
  ASSERT_EQ(alone[0].slub->nodes.size(), 2U);
  EXPECT_EQ(alone[0].slub->nodes[1].objects, 20U);
  const auto twice = assemble(slub + slub);
  ASSERT_EQ(twice.size(), 1U);
  EXPECT_EQ(twice[0].slub->nodes.size(), 2U);
  EXPECT_TRUE(assemble("[  813.000003]   node 0: slabs: 40, objs: 500, free: 3\n").empty());
  const auto vmalloc =
      assemble("[  812.000001] vmalloc: allocation failure: 4096 bytes\n" + sample_failure());
  ASSERT_EQ(vmalloc.size(), 1U);
  EXPECT_EQ(vmalloc[0].vmalloc->bytes, 4096U);
  EXPECT_EQ(vmalloc[0].trigger->comm, "dd");
}

// Two CPUs print at the same time: nobody can tell whose cache the lines of the nodes are of.
TEST(Assembler, LinesOfSlubsNodesOnlyBehindTheirCache) {
  const std::string head = "[  813.000001] SLUB: Unable to allocate memory on node -1, gfp=0xa20\n";
  const auto cache = [](const std::string& name) {
    return "[  813.000002]   cache: " + name + ", object size: 64, buffer size: 64, min order: 0\n";
  };
  const auto node = [](int number) {
    return "[  813.000003]   node " + std::to_string(number) + ": slabs: 4, objs: 500, free: 3\n";
  };
  const auto nodes_of = [](const std::string& log) {
    const auto events = assemble(log);
    return events.size() == 1 ? events[0].slub->nodes.size() : 99;
  };
  EXPECT_EQ(nodes_of(head + cache("a") + node(0) + node(2)), 2U);
  EXPECT_EQ(
      nodes_of(head + cache("a") + "[  813.000002]   a debugging increased min order\n" + node(0)),
      1U);
  EXPECT_EQ(nodes_of(head + head + cache("a") + cache("b") + node(0)), 0U);
  EXPECT_EQ(nodes_of(head + cache("a") + head + node(0)), 0U);
  EXPECT_EQ(nodes_of(head + cache("a") + node(1) + node(1) + node(2)), 1U);
}

TEST(Assembler, BrokenRecordsOfOldKernels) {
  const auto events = assemble(
      "[   10.000001] dd: page allocation failure: order:4, mode:0x4020\n"
      "[   10.000002] Mem-Info:\n"
      "[   10.000003] active_anon:1 inactive_anon:2 isolated_anon:0\n"
      "[   10.000004] Node 1 \n"
      "[   10.000005] DMA free:15908kB min:164kB low:204kB high:244kB\n"
      "[   10.000006] lowmem_reserve[]:\n"
      "[   10.000007]  0\n"
      "[   10.000008] usb 1-1: reset\n"
      "[   10.000009]  2868\n"
      "[   10.000010] Node 1 \n"
      "[   10.000011] DMA: \n"
      "[   10.000012] 1*4kB \n"
      "[   10.000013] (U) \n"
      "[   10.000014] 0*8kB \n"
      "[   10.000015] = 4kB\n");
  ASSERT_EQ(events.size(), 1U);
  ASSERT_EQ(events[0].zones.size(), 1U);
  const Zone& zone = events[0].zones[0];
  EXPECT_EQ(zone.node, 1);
  EXPECT_EQ(zone.lowmem_reserve, (std::vector<std::uint64_t>{0, 2868}));
  EXPECT_EQ(zone.buddy.size(), 2U);
  EXPECT_EQ(zone.buddy[0].types, "U");
  EXPECT_EQ(zone.buddy_total_kib->value, 4U);
}

TEST(SideEvents, AreGatheredByCgroupBurstAndKiller) {
  const std::string fork = "cgroup: fork rejected by pids controller in ";
  const auto forks = assemble("[   10.000001] " + fork + "/a\n[ 9999.000001] " + fork +
                              "/b\n[99999.000001] " + fork + "/a\n");
  ASSERT_EQ(forks.size(), 2U);
  EXPECT_EQ(forks[0].fork_rejected->count, 2U);
  EXPECT_EQ(forks[0].last_line, 3U);
  EXPECT_EQ(assemble("[   10.000001] " + fork + "/a\n" + sample_report() + "[ 9999.000001] " +
                     fork + "/a\n")
                .size(),
            3U);
  const auto wrapped = assemble("> cgroup: fork rejected by pids controller in\n> /a/b.scope\n>\n");
  ASSERT_EQ(wrapped.size(), 1U);
  EXPECT_EQ(wrapped[0].fork_rejected->path, "/a/b.scope");
  EXPECT_EQ(assemble("cgroup: fork rejected by pids controller in\nsome of them\n").size(), 0U);
  const std::string refused =
      "__vm_enough_memory: pid: 1, comm: a, bytes: 5 not enough memory for "
      "the allocation\n";
  const auto bursts = assemble("[   10.000001] " + refused + "[   40.000001] " + refused +
                               "[  200.000001] " + refused);
  ASSERT_EQ(bursts.size(), 2U);
  EXPECT_EQ(bursts[0].overcommit->count, 2U);
  EXPECT_EQ(bursts[0].overcommit->requests.size(), 2U);
  const std::string host = "Nov 23 07:41:32 host earlyoom[904]: ";
  const auto early = assemble(
      host + "mem avail:  1200 of 17518 MiB ( 6.85%), swap free:    0 of    0 MiB ( 0.00%)\n" +
      host + "low memory! at or below SIGTERM limits: mem  8.00%, swap 30.42%\n" + host +
      "sending SIGTERM to process 42 uid 1000 \"bun\": badness 712, VmRSS 4514 MiB\n" + host +
      "sending SIGKILL to process 42 uid 1000 \"bun\": badness 712, VmRSS 4514 MiB\n");
  ASSERT_EQ(early.size(), 1U);
  EXPECT_EQ(early[0].kind, Kind::userspace_kill);
  EXPECT_EQ(early[0].outcome, Outcome::killed);
  EXPECT_DOUBLE_EQ(early[0].userspace->mem_available_percent.value(), 6.85);
  EXPECT_EQ(early[0].userspace->pid, 42);
}

TEST(Kinds, HaveTheNamesOfTheJson) {
  EXPECT_EQ(name(Kind::oom_kill), "oom-kill");
  EXPECT_EQ(name(Kind::memcg_oom_kill), "memcg-oom-kill");
  EXPECT_EQ(name(Kind::oom_panic), "oom-panic");
  EXPECT_EQ(name(Kind::page_allocation_failure), "page-allocation-failure");
  EXPECT_EQ(name(Kind::fork_rejected), "fork-rejected");
  EXPECT_EQ(name(Kind::overcommit_refused), "overcommit-refused");
  EXPECT_EQ(name(Kind::userspace_kill), "userspace-kill");
}

TEST(LimitReached, LinesOfOneTableAreOneEvent) {
  const auto events = testing::read_log(
                          "[   10.000001] TCP: out of memory -- consider tuning tcp_mem\n"
                          "[   11.000001] VFS: file-max limit 1000 reached\n"
                          "[   15.000001] TCP: out of memory -- consider tuning tcp_mem\n"
                          "[ 9000.000001] TCP: out of memory -- consider tuning tcp_mem\n")
                          .events;
  ASSERT_EQ(events.size(), 3U);
  for (const auto& event : events) {
    EXPECT_EQ(name(event.kind), "limit-reached");
    EXPECT_TRUE(missing_parts(event).empty());
  }
  EXPECT_EQ(events[0].limit_reached->count, 2U);
  EXPECT_EQ(events[0].first_line, 1U);
  EXPECT_EQ(events[0].last_line, 3U);
}

TEST(LimitReached, OfADeviceTheFullestMomentCounts) {
  const auto events = testing::read_log(
                          "[ 10.1] a 1: swiotlb buffer is full (sz: 4096 bytes), total 1024 "
                          "(slots), used 900 (slots)\n"
                          "[ 11.1] a 1: swiotlb buffer is full (sz: 2048 bytes), total 1024 "
                          "(slots), used 1024 (slots)\n"
                          "[ 12.1] a 1: swiotlb buffer is full (sz: 4096 bytes), total 1024 "
                          "(slots), used 950 (slots)\n"
                          "[ 13.1] a 1: swiotlb buffer is full (sz: 524288 bytes), total 1024 "
                          "(slots), used 3 (slots)\n"
                          "[ 14.1] b 1: swiotlb buffer is full (sz: 4096 bytes)\n")
                          .events;
  ASSERT_EQ(events.size(), 3U) << "what no pool can serve and another device are their own events";
  EXPECT_EQ(events[0].limit_reached->count, 3U);
  EXPECT_EQ(events[0].limit_reached->used, 1024U);
  EXPECT_EQ(events[0].limit_reached->bytes, 2048U);
  EXPECT_EQ(events[0].limit_reached->at.line, 2U);
  EXPECT_EQ(events[1].limit_reached->bytes, 524288U);
  EXPECT_EQ(events[2].limit_reached->name, "b 1");
}

// A mail wraps it: the rest is read with it.
TEST(LimitReached, OfADeviceWrapped) {
  const auto events = testing::read_log(
                          "mt7921e 0000:05:00.0: swiotlb buffer is full (sz: 4096 bytes), total\n"
                          "32768 (slots), used 32160 (slots)\n")
                          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].limit_reached->used, 32160U);
}

TEST(OldKernels, TheirFailuresAndKills) {
  const auto events = assemble(
      "Oct 28 11:50:24 rushmore kernel: __alloc_pages: 3-order allocation failed (gfp=0x1d2/0)\n"
      "Oct 28 11:50:24 rushmore kernel: VM: killing process mmap001\n"
      "Oct 28 12:50:24 rushmore kernel: __alloc_pages: 0-order allocation failed (gfp=0x20/1) from "
      "c012e052\n"
      "Oct 28 13:50:24 rushmore kernel: VM: killing process sh(77)\n");
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].trigger->order, 3);
  EXPECT_EQ(events[0].trigger->gfp->mask, 0x1d2U);
  EXPECT_EQ(events[0].trigger->gfp->names, std::vector<std::string>{"GFP_HIGHUSER"});
  EXPECT_EQ(events[1].victims[0].comm, "mmap001");
  EXPECT_EQ(events[1].victims[0].pid, 0);
  EXPECT_TRUE(kernel::is_atomic(events[2].trigger->gfp->flags));
  EXPECT_EQ(events[3].victims[0].pid, 77);
  EXPECT_TRUE(assemble("kernel: VM: killing process that is much too long a name\n"
                       "kernel: VM: reclaim\n"
                       "kernel: __alloc_pages: order allocation failed\n"
                       "said: __alloc_pages: 0-order allocation failed (gfp=0x20/1)\n")
                  .empty());
}

TEST(Victims, WhoseNameWasTakenOut) {
  const auto events =
      assemble("Out of memory: Killed process 1044797 total-vm:944314492kB anon-rss:593333608kB\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].victims[0].pid, 1044797);
  EXPECT_EQ(events[0].victims[0].total_vm_kib, 944314492U);
  EXPECT_EQ(events[0].victims[0].anon_rss_kib, 593333608U);
  EXPECT_TRUE(assemble("Killed process 1044797 total-vm:944314492kB\n").empty());
}

}  // namespace
}  // namespace whyoom::report
