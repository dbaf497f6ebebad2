// Reports of which only some lines are there: whoever gave the log cut names off or grepped, or the
// kernel is too old to print more. What is left still says what happened, and to whom.
#include <gtest/gtest.h>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;

std::vector<std::string> victims_of(const Report& report) {
  std::vector<std::string> names;
  for (const Victim& victim : report.victims) {
    names.push_back(victim.comm + " " + std::to_string(victim.pid));
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(LostLines, AFailureWithoutTheNameOfItsProcess) {
  for (const char* frame : {"[   10.000001] ", "[   10.000001] : ", "<4>[   10.000001] ",
                            "Oct  9 21:46:16 host1 kernel: [   10.000001] ",
                            "Oct  9 21:46:16 host1 kernel: ", "kernel: "}) {
    const auto events = assemble(std::string(frame) +
                                 "page allocation failure: order:2, mode:0x2080020(GFP_ATOMIC)\n" +
                                 "[   10.000002] Mem-Info:\n"
                                 "[   10.000003] active_anon:1 inactive_anon:2 isolated_anon:0\n");
    ASSERT_EQ(events.size(), 1U) << frame;
    EXPECT_EQ(events[0].kind, Kind::page_allocation_failure) << frame;
    ASSERT_TRUE(events[0].trigger) << frame;
    EXPECT_EQ(events[0].trigger->comm, "") << frame;
    EXPECT_EQ(events[0].trigger->order, 2) << frame;
    EXPECT_FALSE(events[0].totals.empty()) << frame;
  }
  // A name that looks like a frame stays one.
  const auto events = assemble("12:34: page allocation failure. order:2, mode:0x20\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].trigger->comm, "12:34");
  EXPECT_TRUE(assemble("kernel: page allocation failure: what to do\n").empty());
}

TEST(LostLines, AnOomWithoutTheNameOfItsProcess) {
  for (const char* words : {"invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0",
                            "oom-killer: gfp_mask=0xd0, order=0"}) {  // 2.6.16 names nobody
    const auto events = assemble("[   10.000001] " + std::string(words) + "\n");
    ASSERT_EQ(events.size(), 1U) << words;
    EXPECT_EQ(events[0].kind, Kind::oom_kill) << words;
    ASSERT_TRUE(events[0].trigger) << words;
    EXPECT_EQ(events[0].trigger->comm, "") << words;
    EXPECT_EQ(events[0].trigger->order, 0) << words;
  }
  EXPECT_TRUE(assemble("[   10.000001] oom-killer: what it does\n").empty());
  EXPECT_TRUE(assemble("[   10.000001] oom-killer:\n").empty());
}

// Where the kernel cannot walk the stack it prints what may be an address of it, with "?".
TEST(LostLines, AStackWithoutItsHeadSaysWhoCalledTheOomKiller) {
  const auto known_global = [](const std::string& caller) {
    const auto events = assemble(
        "[  243.461289] [<c03abac8>] (dump_header) from [<c03aad70>] "
        "(oom_kill_process+0xc8/0x580)\n"
        "[  243.468844] [<c03aad70>] (oom_kill_process) from [<c03ab9b4>] "
        "(out_of_memory+0x310/0x4)\n"
        "[  243.476571] [<c03ab9b4>] (out_of_memory) from [<c03afc50>] (" +
        caller +
        "+0xabc/0xe94)\n"
        "[  243.517488] Mem-Info:\n"
        "[  243.525032] active_anon:0 inactive_anon:0 isolated_anon:0\n");
    EXPECT_EQ(events.size(), 1U);
    return events.at(0).known_global;
  };
  EXPECT_TRUE(known_global("__alloc_pages_nodemask"));
  EXPECT_FALSE(known_global("pagefault_out_of_memory"));
}

TEST(LostLines, AStackOfGuessesStillTellsAFailure) {
  const std::string rest =
      "[   10.000003] Mem-Info:\n"
      "[   10.000004] active_anon:1 inactive_anon:2 isolated_anon:0\n";
  const auto kind = [&](const std::string& stack) {
    const auto events = assemble("[   10.000001] Call Trace:\n" + stack + rest);
    EXPECT_EQ(events.size(), 1U);
    return events.empty() ? Kind::userspace_kill : events[0].kind;
  };
  const std::string failure = "[   10.000002]  [<ffffffff8278569a>] ? warn_alloc+0x13a/0x160\n";
  const std::string oom = "[   10.000002]  [<ffffffff8278569a>] ? out_of_memory+0x13a/0x160\n";
  const std::string sure = "[   10.000002]  [<ffffffff8278569a>] out_of_memory+0x13a/0x160\n";
  EXPECT_EQ(kind(failure), Kind::page_allocation_failure);
  EXPECT_EQ(kind(oom + failure), Kind::oom_kill);
  EXPECT_EQ(kind(failure + sure), Kind::oom_kill);
}

// 2.6.x: the messages of mm/oom_kill.c from release to release.
TEST(LostLines, VictimsOfTheFirstKernels) {
  struct Form {
    const char* lines;
    std::optional<std::int64_t> score;
    std::optional<ConstraintKind> constraint;
  };
  const Form forms[] = {
      {"Out of Memory: Killed process 18662 (progb).\n", {}, {}},
      {"Out of memory: Killed process 18662, UID 51, (progb).\n", {}, {}},
      {"Out of Memory: Kill process 18662 (progb) score 56923 and children.\n"
       "Out of memory: Killed process 18662 (progb).\n",
       56923,
       {}},
      {"Out of memory: kill process 18662 (progb) score 56923 or a child\n"
       "Killed process 18662 (progb)\n",
       56923,
       {}},
      {"Out of memory: kill process 18662 (progb) score 56923 or a child\n", 56923, {}},
      {"No available memory in cpuset: kill process 18662 (progb) score 12 or a child\n"
       "Killed process 18662 (progb)\n",
       12, ConstraintKind::cpuset},
      {"No available memory (MPOL_BIND): Killed process 18662 (progb).\n",
       {},
       ConstraintKind::mempolicy},
      {"Killed process 18662 (progb)\n", {}, {}},
  };
  for (const Form& form : forms) {
    std::string log;
    for (const std::string& line : testing::split(form.lines, '\n')) {
      log += line.empty() ? "" : "Oct  9 21:46:17 host1 kernel: [135404.356] " + line + "\n";
    }
    const auto events = assemble(log);
    ASSERT_EQ(events.size(), 1U) << form.lines;
    EXPECT_EQ(victims_of(events[0]), Names{"progb 18662"}) << form.lines;
    EXPECT_EQ(events[0].outcome, Outcome::killed) << form.lines;
    ASSERT_EQ(events[0].victims.size(), 1U) << form.lines;
    EXPECT_EQ(events[0].victims[0].score, form.score) << form.lines;
    EXPECT_EQ(events[0].constraint ? std::optional(events[0].constraint->kind) : std::nullopt,
              form.constraint)
        << form.lines;
  }
  EXPECT_TRUE(assemble("the watchdog said: Killed process 18662 (progb)\n").empty());
  EXPECT_TRUE(assemble("Killed process 18662 (progb)\n").empty());  // anybody's
  const auto pasted = assemble(
      "proga invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0\n"
      "Killed process 18662 (progb)\n");
  ASSERT_EQ(pasted.size(), 1U);
  EXPECT_EQ(victims_of(pasted[0]), Names{"progb 18662"});
}

TEST(LostLines, AMaskAtTheEndOfALineIsCutWhereTheNamesBelongBehindIt) {
  const auto mask = [](const std::string& end, const char* release) {
    const auto events =
        assemble("[   10.000001] hog: page allocation failure: order:0, mode:" + end +
                 "\n[   10.000002] CPU: 0 PID: 9 Comm: hog Not tainted " + release +
                 " #1\n[   10.000003] Call Trace:\n[   10.000004]  dump_stack+0x1/0x2\n");
    return events.size() == 1 && events[0].trigger->gfp ? events[0].trigger->gfp->mask : 0;
  };
  EXPECT_EQ(mask("0x20", "4.4.0-31-generic"), 0x20U);
  const auto oom = assemble("[   10.000001] hog invoked oom-killer: gfp_mask=0x1\n");
  ASSERT_EQ(oom.size(), 1U);
  EXPECT_FALSE(oom[0].trigger->gfp) << "the order belongs behind it";
  EXPECT_EQ(mask("0x140c", "6.12.9-amd64"), 0U);
  EXPECT_EQ(mask("0x140c>", "4.4.0-31-generic"), 0U) << "the mark of a pager";
  EXPECT_EQ(mask("0x140cca(GFP_HIGHUSER_MOV>", "6.12.9-amd64"), 0x140ccaU);
}

TEST(LostLines, WhatEndsACutConstraintLineIsNoPathAndNoNumber) {
  const auto constraint = [](const std::string& end) {
    const auto events = assemble(
        "[  100.000008] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),"
        "cpuset=/,mems_allowed=0,oom_memcg=" +
        end + "\n");
    return events.at(0).constraint.value();
  };
  EXPECT_EQ(constraint("/ap").oom_memcg, "");
  EXPECT_EQ(constraint("/app,task_memcg=/app/in").oom_memcg, "/app");
  EXPECT_EQ(constraint("/app,task_memcg=/app/in").task_memcg, "");
  EXPECT_EQ(constraint("/app,task_memcg=/app/in,task=ho").task, "");
  EXPECT_FALSE(constraint("/app,task_memcg=/app/in,task=hog,pid=18").pid);
  EXPECT_EQ(constraint("/app,task_memcg=/app/in,task=hog,pid=186,uid=0").pid, 186);
}

TEST(LostLines, WhatEndsACutTitleOfStatisticsIsNoPath) {
  const auto path = [](const std::string& end) {
    return assemble(
               "[  100.000001] memory: usage 980kB, limit 980kB, failcnt 7\n"
               "[  100.000002] Memory cgroup stats for /kubepods.slice/kubepods" +
               end + "\n")
        .at(0)
        .memcg->limit_path;
  };
  EXPECT_EQ(path("-besteffort.slice:"), "/kubepods.slice/kubepods-besteffort.slice");
  EXPECT_EQ(path(""), "") << "of all pods?";
}

TEST(LostLines, TheVictimsLineNamesItsRow) {
  const auto events = assemble(
      "[   10.000001] app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
      "oom_score_adj=0\n"
      "[   10.000002] Node 0 DMA32 free:596kB min:2636kB low:3292kB high:3948kB active_an>\n"
      "[   10.000002] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
      "oom_score_adj name\n"
      "[   10.000003] [    400]     0   400     4310     3310    53248        0          -250 >\n"
      "[   10.000004] [    401]     0   401     4310     3311    53248        0             0 >\n"
      "[   10.000007] Out of memory: Killed process 401 (my app) total-vm:17240kB, "
      "anon-rss:9000kB, "
      "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:52kB oom_score_adj:0\n");
  ASSERT_EQ(events.size(), 1U);
  ASSERT_EQ(events[0].tasks.size(), 2U);
  EXPECT_EQ(events[0].tasks[0].comm, "");
  EXPECT_EQ(events[0].tasks[1].comm, "my app");
}

TEST(LostLines, TheConstraintLineNamesTheVictim) {
  const std::string constraint =
      "[  100.000008] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
      "mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=progb,pid=400,uid=107\n";
  const auto events = assemble(constraint);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(victims_of(events[0]), Names{"progb 400"});
  EXPECT_EQ(events[0].victims[0].uid, 107);
  EXPECT_EQ(events[0].victims[0].at.line, 1U);
  EXPECT_TRUE(events[0].victims[0].memcg);
  EXPECT_EQ(events[0].outcome, Outcome::killed);

  // It was dying already: nothing was killed.
  const auto exiting = assemble(
      constraint +
      "[  100.000009] Memory cgroup out of memory: OOM victim 400 (progb) is already exiting. "
      "Skip killing the task\n");
  ASSERT_EQ(exiting.size(), 1U);
  EXPECT_TRUE(exiting[0].victims.empty());
  EXPECT_EQ(exiting[0].outcome, Outcome::recovered);

  // The line of the kill says more, and the reaper something else.
  const auto reaped = assemble(
      constraint +
      "[  100.000009] oom_reaper: reaped process 400 (progb), now anon-rss:0kB, file-rss:0kB, "
      "shmem-rss:0kB\n");
  ASSERT_EQ(reaped.size(), 1U);
  EXPECT_EQ(victims_of(reaped[0]), Names{"progb 400"});
  EXPECT_TRUE(reaped[0].victims[0].reaped);
  EXPECT_EQ(reaped[0].victims[0].uid, 107);
}

TEST(LostLines, TheReaperNamesTheVictim) {
  const std::string reaper =
      "[  100.000008] oom_reaper: reaped process 400 (a) b), now anon-rss:0kB, file-rss:0kB, "
      "shmem-rss:0kB\n";
  const auto alone = assemble(reaper);
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(victims_of(alone[0]), Names{"a) b 400"});
  EXPECT_TRUE(alone[0].victims[0].reaped);

  const auto behind = assemble(
      "[  100.000001] x invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\n" + reaper);
  ASSERT_EQ(behind.size(), 1U);
  EXPECT_EQ(victims_of(behind[0]), Names{"a) b 400"});

  // Of another than the constraint line names: a process that was dying already.
  const auto other = assemble(
      "[  100.000001] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,"
      "task_memcg=/,task=c,pid=401,uid=0\n" +
      reaper);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(victims_of(other[0]), Names{"c 401"});

  // It comes when the event is over and gone: no further one.
  std::string late =
      "[  100.000001] Out of memory: Killed process 400 (a) total-vm:4kB, anon-rss:4kB, "
      "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n";
  late +=
      "[  190.000001] oom_reaper: reaped process 400 (a), now anon-rss:0kB, file-rss:0kB, "
      "shmem-rss:0kB\n";
  EXPECT_EQ(assemble(late).size(), 1U);
}

// Kernels of 5.2 print the path behind CONSTRAINT_NONE.
TEST(LostLines, APathInTheConstraintLineIsACgroupsLimit) {
  const std::string head = "[  100.000001] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),";
  const std::string tail = "task_memcg=/a/b,task=x,pid=4,uid=0\n";
  const auto memcg = assemble(head + "cpuset=/,mems_allowed=0-1,3,oom_memcg=/a," + tail);
  ASSERT_EQ(memcg.size(), 1U);
  EXPECT_EQ(memcg[0].kind, Kind::memcg_oom_kill);
  ASSERT_TRUE(memcg[0].memcg);
  EXPECT_EQ(memcg[0].memcg->limit_path, "/a");
  EXPECT_EQ(memcg[0].constraint->kind, ConstraintKind::memcg);

  const auto plain = assemble(head + "oom_memcg=/a," + tail);
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_EQ(plain[0].kind, Kind::memcg_oom_kill);

  // The name of a cpuset is its owner's.
  const auto named = assemble(head + "cpuset=a,oom_memcg=b,mems_allowed=0,global_oom," + tail);
  ASSERT_EQ(named.size(), 1U);
  EXPECT_EQ(named[0].kind, Kind::oom_kill);
  EXPECT_TRUE(named[0].constraint->global_oom);
}

// What follows a panic says whether the machine comes back.
TEST(LostLines, APanicRestartsOrStaysDown) {
  const std::string panic =
      "[  100.000001] Kernel panic - not syncing: System is deadlocked on memory\n"
      "[  100.000002] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0 #1\n"
      "[  100.000003] Call Trace:\n"
      "[  100.000004]  panic+0x1/0x2\n";
  const auto restarts = assemble(panic + "[  100.000005] Rebooting in 10 seconds..\n");
  ASSERT_EQ(restarts.size(), 1U);
  ASSERT_TRUE(restarts[0].panic && restarts[0].panic->restart_seconds);
  EXPECT_EQ(restarts[0].panic->restart_seconds->value, 10U);
  EXPECT_FALSE(restarts[0].panic->halted_at);
  const auto stays =
      assemble(panic +
               "[  100.000005] ---[ end Kernel panic - not syncing: System is deadlocked on memory "
               "]---\n");
  ASSERT_EQ(stays.size(), 1U);
  ASSERT_TRUE(stays[0].panic && stays[0].panic->halted_at);
  EXPECT_EQ(stays[0].panic->halted_at->line, 5U);
  EXPECT_TRUE(assemble("[  100.000005] Rebooting in 10 seconds..\n").empty());
}

}  // namespace
}  // namespace whyoom::report
