#include "report/victim_lines.h"

#include <gtest/gtest.h>

#include "report/constraint_lines.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

struct VictimCase {
  const char* text;
  const char* comm;
  std::optional<std::int64_t> uid;
  std::optional<std::uint64_t> total_vm, shmem, pgtables;
  std::optional<int> adj;
  bool prefix, memcg, allocating, complete;
};

// A post leaves out fields behind the name, with three dots; a name may hold all that.
TEST(VictimLine, FieldsLeftOutBehindTheName) {
  const auto name_of = [](const std::string& text) {
    return parse_victim("Out of memory: Killed process 7 (" + text, {})->victim.comm;
  };
  EXPECT_EQ(name_of("chromium) ... oom_score_adj:300"), "chromium");
  EXPECT_EQ(name_of("a) ... b) total-vm:9kB, anon-rss:1kB, file-rss:0kB"), "a) ... b");
  EXPECT_EQ(name_of("chromium) and more"), "chromium) and more");
  EXPECT_EQ(parse_victim("Out of memory: Killed process 7 (chromium) ... oom_score_adj:300", {})
                ->victim.oom_score_adj,
            300);
}

// A title, or text that a page emphasizes.
TEST(KillBehindWords, MarksOfMarkdown) {
  const std::string kill =
      "Out of memory: Kill process 1750 (browser) score 595 or sacrifice child";
  EXPECT_EQ(kill_behind_words("# " + kill), 2U);
  EXPECT_EQ(kill_behind_words("**" + kill + "**"), 2U);
  EXPECT_EQ(kill_behind_words("# " + kill + " says my log"), 0U);
  EXPECT_EQ(kill_behind_words("it said " + kill), 0U);
  for (const char* label : {"[dmesg of h] ", "(2) ", "3) ", "04:05:06 ", "// ", "[h] [12.5] "}) {
    EXPECT_EQ(kill_behind_words(label + kill), std::string_view(label).size()) << label;
  }
}

TEST(KillIntent, OnlyFromTheRewrittenScoreOnIsItThousandths) {
  const auto fresh =
      parse_kill_intent("Out of memory: Kill process 7 (a) score 956 or sacrifice child", {});
  ASSERT_TRUE(fresh);
  EXPECT_TRUE(fresh->victim.permille);
  for (const std::string_view other : {"Out of memory: kill process 7 (a) score 956 or a child",
                                       "Out of Memory: Kill process 7 (a) score 956 and children.",
                                       "Out of memory: Kill process 7 (a) score 956 or sac"}) {
    const auto line = parse_kill_intent(other, {});
    ASSERT_TRUE(line) << other;
    EXPECT_EQ(line->victim.score, 956);
    EXPECT_FALSE(line->victim.permille) << other;
  }
}

TEST(VictimLine, EveryForm) {
  const VictimCase cases[] = {
      {"Out of Memory: Killed process 812 (java).",
       "java",
       {},
       {},
       {},
       {},
       {},
       true,
       false,
       false,
       true},
      {"Killed process 812, UID 48, (java) total-vm:9000kB, anon-rss:800kB, file-rss:7kB",
       "java",
       48,
       9000,
       {},
       {},
       {},
       false,
       false,
       false,
       true},
      {"Killed process 812 (java) vsz:9000kB, anon-rss:800kB, file-rss:7kB",
       "java",
       {},
       9000,
       {},
       {},
       {},
       false,
       false,
       false,
       false},
      {"Killed process 812 (java), UID 48, total-vm:9000kB, anon-rss:800kB, file-rss:7kB, "
       "shmem-rss:6kB",
       "java",
       48,
       9000,
       6,
       {},
       {},
       false,
       false,
       false,
       false},
      {"Killed process 812 (java) total-vm:9000kB, anon-rss:800kB, file-rss:7kB, shmem-rss:6kB",
       "java",
       {},
       9000,
       6,
       {},
       {},
       false,
       false,
       false,
       false},
      {"Memory cgroup out of memory: Killed process 812 (java) total-vm:9000kB, anon-rss:800kB, "
       "file-rss:7kB, shmem-rss:6kB, UID:48 pgtables:5kB oom_score_adj:-3",
       "java", 48, 9000, 6, 5, -3, true, true, false, true},
      {"Out of memory (oom_kill_allocating_task): Killed process 812 (java) total-vm:9000kB, "
       "anon-rss:800kB, file-rss:7kB, shmem-rss:6kB, UID:48 pgtables:5kB oom_score_adj:0",
       "java", 48, 9000, 6, 5, 0, true, false, true, true},
      {"Out of memory: Killed process 812 ((a) total-vm:) total-vm:9000kB, anon-rss:800kB, "
       "file-rss:7kB, shmem-rss:6kB, UID:48 pgtables:5kB oom_score_adj:0",
       "(a) total-vm:", 48, 9000, 6, 5, 0, true, false, false, true}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto line = parse_victim(c.text, {0, 3});
    ASSERT_TRUE(line);
    EXPECT_EQ(line->victim.pid, 812);
    EXPECT_EQ(line->victim.comm, c.comm);
    EXPECT_EQ(line->victim.uid, c.uid);
    EXPECT_EQ(line->victim.total_vm_kib, c.total_vm);
    EXPECT_EQ(line->victim.shmem_rss_kib, c.shmem);
    EXPECT_EQ(line->victim.pgtables_kib, c.pgtables);
    EXPECT_EQ(line->victim.oom_score_adj, c.adj);
    EXPECT_EQ(line->has_prefix, c.prefix);
    EXPECT_EQ(line->victim.memcg, c.memcg);
    EXPECT_EQ(line->victim.allocating_task, c.allocating);
    EXPECT_EQ(line->complete, c.complete);
    EXPECT_EQ(line->victim.at.line, 3U);
  }
  EXPECT_FALSE(parse_victim("Killed process by hand", {}));
  EXPECT_FALSE(parse_victim("Killed process 12 (worker) after a timeout", {}));
  EXPECT_FALSE(parse_victim("Killed process 12 of 40 jobs", {}));
  EXPECT_FALSE(parse_victim("Killed process 99999999999 (x).", {}));
}

// A post goes on behind the line that it quotes.
TEST(VictimLine, ANameHasFifteenBytes) {
  for (const char* behind : {").In this instance the PID (Process ID) is 2592.",
                             "). Jul 19 05:19:24 h kernel: OOM kill occurred on a NUMA system!"}) {
    const auto line =
        parse_victim("Out of Memory: Killed process 2592 (mysql" + std::string(behind), {0, 1});
    ASSERT_TRUE(line) << behind;
    EXPECT_EQ(line->victim.comm, "mysql");
  }
  EXPECT_EQ(parse_victim("Out of Memory: Killed process 7 (a).b).", {0, 1})->victim.comm, "a).b");
}

TEST(KillIntentLine, BothForms) {
  const auto line = parse_kill_intent(
      "Memory cgroup out of memory: Kill process 7 (a) score 9) score 2081 or sacrifice child",
      {0, 4});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->victim.pid, 7);
  EXPECT_EQ(line->victim.comm, "a) score 9");
  EXPECT_EQ(line->victim.score, 2081);
  EXPECT_TRUE(line->victim.memcg);
  EXPECT_EQ(line->victim.at.line, 4U);
  const auto old =
      parse_kill_intent("Out of Memory: Kill process 7 (a) score -5 and children.", {});
  ASSERT_TRUE(old);
  EXPECT_EQ(old->victim.score, -5);
  EXPECT_FALSE(parse_kill_intent("Kill process 7 (a) sharing same memory", {}));
}

TEST(ConstraintLine, IsSplitAtItsKeys) {
  const auto line = parse_constraint(
      "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=0-1,3,cpuset=a,b,mems_allowed=0,2,"
      "oom_memcg=/x,y,task_memcg=/x,y/z,task=w,pid=1,q,pid=55,uid=4294967294",
      {0, 8});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->kind, ConstraintKind::memcg);
  EXPECT_EQ(line->nodemask, "0-1,3");
  EXPECT_EQ(line->cpuset, "a,b");
  EXPECT_EQ(line->mems_allowed, "0,2");
  EXPECT_EQ(line->oom_memcg, "/x,y");
  EXPECT_EQ(line->task_memcg, "/x,y/z");
  EXPECT_EQ(line->task, "w,pid=1,q");
  EXPECT_EQ(line->pid, 55);
  EXPECT_EQ(line->uid, 4294967294);
  EXPECT_FALSE(line->global_oom);
}

TEST(ConstraintLine, KindsAndCutLines) {
  const auto global = parse_constraint(
      "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/"
      ",mems_allowed=0-1,global_oom,"
      "task_memcg=/,task=hog,pid=5,uid=0",
      {});
  ASSERT_TRUE(global);
  EXPECT_EQ(global->kind, ConstraintKind::mempolicy);
  EXPECT_TRUE(global->global_oom);
  EXPECT_EQ(global->task_memcg, "/");
  EXPECT_EQ(parse_constraint("oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null)", {})->kind,
            ConstraintKind::cpuset);
  // No CONFIG_CPUSETS, no CONFIG_MEMCG.
  const auto bare = parse_constraint(
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=a,pid=1,uid=2", {});
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->task, "a");
  EXPECT_EQ(bare->nodemask, "(null)");
  Constraint cut = *parse_constraint(
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
      "task_memcg=/in",
      {});
  EXPECT_FALSE(cut.pid);
  EXPECT_EQ(cut.task_memcg, "/in");
  EXPECT_TRUE(extend_constraint(",task=hog,pid=5,uid=6", cut));
  EXPECT_EQ(cut.task, "hog");
  EXPECT_EQ(cut.uid, 6);
  EXPECT_FALSE(parse_constraint("oom-kill:constraint=CONSTRAINT_NEW,nodemask=(null)", {}));
  const auto wide = parse_constraint(
      "oom-kill:constraint=CONSTRAINT_NONE,task=a,pid=2147483648,uid=4294967296", {});
  EXPECT_FALSE(wide->pid || wide->uid) << "no process and no user has such a number";
  EXPECT_EQ(
      parse_constraint("oom-kill:constraint=CONSTRAINT_NONE,task=a,pid=1,uid=4294967295", {})->uid,
      0xffffffff);
  EXPECT_FALSE(parse_victim("Killed process 5, UID 4294967296, (a) total-vm:1kB", {})->victim.uid);
}

TEST(EndLines, PanicsOfTheOomPathOnly) {
  bool whole = false;
  const auto reason = [&whole](const char* text) {
    const auto panic = parse_oom_panic(text, {}, whole);
    return panic ? panic->reason : Panic::Reason::none;
  };
  EXPECT_EQ(reason("Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled"),
            Panic::Reason::panic_on_oom_compulsory);
  EXPECT_EQ(
      reason("Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled"),
      Panic::Reason::panic_on_oom_system_wide);
  EXPECT_EQ(reason("Kernel panic - not syncing: out of memory. panic_on_oom is selected"),
            Panic::Reason::panic_on_oom_system_wide);
  EXPECT_EQ(reason("Kernel panic - not syncing: System is deadlocked on memory"),
            Panic::Reason::deadlocked);
  EXPECT_TRUE(whole);
  EXPECT_EQ(reason("Kernel panic - not syncing: Out of memory: compulsory"),
            Panic::Reason::panic_on_oom_compulsory);
  EXPECT_FALSE(whole);
  EXPECT_EQ(reason("Kernel panic - not syncing: Out of memory: system-"),
            Panic::Reason::panic_on_oom_system_wide);
  const auto cut = parse_oom_panic("Kernel panic - not syncing: Out of memory:", {}, whole);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->reason, Panic::Reason::none) << "one of two";
  EXPECT_EQ(reason("Kernel panic - not syncing: System is deadlocked>"), Panic::Reason::deadlocked);
  EXPECT_FALSE(parse_oom_panic("Kernel panic - not syncing: Out of", {}, whole));
  EXPECT_FALSE(
      parse_oom_panic("Kernel panic - not syncing: Out of memory in my driver", {}, whole));
  EXPECT_EQ(reason("Kernel panic - not syncing: Out of memory and no killable processes..."),
            Panic::Reason::no_killable);
  EXPECT_EQ(reason("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009"),
            Panic::Reason::none);
  EXPECT_EQ(reason("---[ end Kernel panic - not syncing: System is deadlocked on memory ]---"),
            Panic::Reason::none);
}

TEST(EndLines, GroupReaperSysrqExiting) {
  EXPECT_EQ(parse_group("Tasks in /a b are going to be killed due to memory.oom.group set"),
            "/a b");
  const auto reaped =
      parse_reaped("oom_reaper: reaped process 31 (x), now anon-rss:0kB, file-rss:0kB", {0, 7});
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->pid, 31);
  EXPECT_EQ(reaped->comm, "x");
  EXPECT_FALSE(parse_reaped("oom_reaper: unable to reap pid:31 (x)", {}));
  EXPECT_TRUE(is_victim_exiting(
      "Out of memory: OOM victim 31 (x) is already exiting. Skip killing the task"));
  EXPECT_EQ(read_line("Out of memory and no killable processes...").kind, &no_killable);
  EXPECT_EQ(parse_sysrq("sysrq: Manual OOM execution"), Sysrq::manual_oom);
  EXPECT_EQ(parse_sysrq("SysRq : Manual OOM execution"), Sysrq::manual_oom);
  EXPECT_EQ(parse_sysrq("sysrq: Show Memory"), Sysrq::show_memory);
  EXPECT_EQ(parse_sysrq("sysrq: OOM request ignored. No task eligible"), Sysrq::nothing_eligible);
  EXPECT_EQ(parse_sysrq("sysrq: Show State"), Sysrq::none);
}

// A line that was wrapped, or where the log begins.
TEST(VictimLine, TheEndOfSeveralBeginningsTellsNoneOfThem) {
  const auto of = [](const std::string& beginning) {
    const auto line =
        parse_victim(beginning + "Killed process 7 (a) total-vm:9kB, anon-rss:8kB", {});
    return std::pair(line && line->has_prefix, line && line->victim.memcg);
  };
  EXPECT_EQ(of("group out of memory: "), std::pair(true, true));
  EXPECT_EQ(of("Out of memory: "), std::pair(true, false));
  for (const char* either : {"ut of memory: ", "memory: ", "emory: ", ""}) {
    EXPECT_EQ(of(either), std::pair(false, false)) << either;
  }
  EXPECT_EQ(of("in cpuset: "), std::pair(true, false));
}

// Somebody left out what the kernel prints behind the name.
TEST(VictimLine, ShortenedByItsReader) {
  const auto name_of = [](const std::string& behind) {
    const auto line = parse_victim("Memory cgroup out of memory: Killed process 77 (" + behind, {});
    return line ? line->victim.comm : "none";
  };
  EXPECT_EQ(name_of("crosvm) ...."), "crosvm");
  EXPECT_EQ(name_of("crosvm), ..."), "crosvm");
  EXPECT_EQ(name_of("crosvm), total-vm:48kB, anon-rss:8kB, file-rss:4kB"), "crosvm");
  EXPECT_EQ(name_of("a) b) ...."), "a) b");
  EXPECT_EQ(name_of("mysqld) score 842 or sacrifice child"), "mysqld") << "two lines mixed";
  EXPECT_EQ(name_of("a) score b) total-vm:48kB, anon-rss:8kB"), "a) score b");
  EXPECT_EQ(name_of("a) .b) total-vm:48kB, anon-rss:8kB"), "a) .b");
  EXPECT_FALSE(parse_victim("Killed process 77 (crosvm) ....", {})) << "anybody's";
}

TEST(VictimLine, EndsBehindItsLastField) {
  const std::string kill = "Out of memory: Killed process 77 (a) total-vm:48kB, UID:0";
  for (const char* behind : {" 5 6", ", 5kB", " and more", " time: 5"}) {
    EXPECT_EQ(read_line(kill + behind).ends, kill.size()) << behind;
  }
  const std::string more = kill + " pgtables:8kB oom_score_adj:0";
  EXPECT_EQ(read_line(more + " 7").ends, more.size());
}

}  // namespace
}  // namespace whyoom::report
