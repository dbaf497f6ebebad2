#include "diagnose/candidates_of_cgroup.h"

#include <gtest/gtest.h>

#include "diagnose/candidates_for_test.h"

namespace whyoom::diagnose {
namespace {

using cases::candidates_of;
using cases::Names;

TEST(Candidates, ALimitWithoutStatisticsLeavesWhatFilledIt) {
  const std::string head = "[ 9.0] app invoked oom-killer: gfp_mask=0xd0, order=0\n";
  const std::string paths = "[ 9.0] Task in /a/b killed as a result of limit of /a\n";
  EXPECT_EQ(
      candidates_of(head + paths + "[ 9.0] memory: usage 980kB, limit 980kB, failcnt 7\n"),
      (Names{"cgroup-parent-limit", "cgroup-page-cache", "cgroup-shmem", "cgroup-kernel-memory"}));
}

// A database's shared buffers count for the cgroup whose process touched them first.
TEST(Candidates, AVictimWithSharedMemoryLeavesThatItFilledTheCgroup) {
  const auto of = [](const std::string& anon, const std::string& shmem) {
    return candidates_of(
        "[ 9.0] Memory cgroup out of memory: Killed process 7 (db) "
        "total-vm:900000kB, anon-rss:" +
        anon + "kB, file-rss:6000kB, shmem-rss:" + shmem + "kB\n");
  };
  EXPECT_EQ(of("2600", "470000"), (Names{"cgroup-limit", "cgroup-parent-limit", "cgroup-shmem"}));
  EXPECT_EQ(of("2600", "2600"), (Names{"cgroup-limit", "cgroup-parent-limit", "cgroup-page-cache",
                                       "cgroup-shmem", "cgroup-kernel-memory"}));
}

TEST(Candidates, ACounterOfKernelMemoryRulesItOut) {
  const auto of = [](const std::string& kmem) {
    return candidates_of(
        "[ 9.0] memory: usage 16777216kB, limit 16777216kB, failcnt 52843037\n"
        "[ 9.0] memory+swap: usage 16777216kB, limit 9007199254740988kB, failcnt 0\n"
        "[ 9.0] kmem: usage " +
        kmem +
        "kB, limit 9007199254740988kB, failcnt 0\n"
        "[ 9.0] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=b,mems_allowed=0-1,"
        "oom_memcg=/a,task_memcg=/a/b,task=pause,pid=5740,uid=0\n"
        "[ 9.0] Memory cgroup out of memory: Killed process 5740 (pause) total-vm:1028kB, "
        "anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n");
  };
  EXPECT_EQ(of("301464"), (Names{"cgroup-parent-limit", "cgroup-page-cache", "cgroup-shmem"}));
  EXPECT_EQ(of("8388607"), (Names{"cgroup-parent-limit", "cgroup-page-cache", "cgroup-shmem"}));
  EXPECT_EQ(of("8388608"), Names{}) << "half of it is an answer";
  EXPECT_EQ(of("0"), (Names{"cgroup-parent-limit", "cgroup-page-cache", "cgroup-shmem",
                            "cgroup-kernel-memory"}))
      << "cgroup v2 does not count there";
}

TEST(Candidates, ALimitBetweenTwoCgroupsLeavesWhatFilledIt) {
  EXPECT_EQ(
      candidates_of("[ 9.0] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=b,"
                    "mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=app,pid=7,uid=0\n"
                    "[ 9.0] Memory cgroup out of memory: Killed process 7 (app) total-vm:90000kB, "
                    "anon-rss:20000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:90kB "
                    "oom_score_adj:0\n"),
      (Names{"cgroup-parent-limit", "cgroup-page-cache", "cgroup-shmem", "cgroup-kernel-memory"}));
}

// To 5.3 each cgroup has a line of its own, and the limit counts all of them.
TEST(Candidates, OfOneLineOfSeveralCgroupsNobodyKnowsWhatFilledThem) {
  const auto of = [](const std::string& below, const std::string& behind) {
    return cases::explain_log(
        "[ 9.0] Task in /c" + below +
        " killed as a result of limit of /c\n"
        "[ 9.0] memory: usage 62500kB, limit 62500kB, failcnt 81249407\n"
        "[ 9.0] memory+swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
        "[ 9.0] kmem: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
        "[ 9.0] Memory cgroup stats for /c: cache:8792KB rss:17956KB rss_huge:0KB mapped_file:0KB "
        "dirty:0KB writeback:0KB inactive_anon:4KB active_anon:17964KB inactive_file:4544KB "
        "active_file:4108KB unevictable:0KB\n" +
        behind);
  };
  const auto cut = of("/x.service", "");
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_TRUE(cut[0]->report.damage.empty());
  EXPECT_EQ(cut[0]->candidates.at(0).cause, "cgroup-parent-limit");
  EXPECT_EQ(cut[0]->candidates.size(), 4U);
  const auto whole = of("/x.service",
                        "[ 9.0] Memory cgroup stats for /c/x.service: cache:8KB rss:35700KB "
                        "mapped_file:0KB dirty:0KB writeback:0KB inactive_anon:4KB "
                        "active_anon:35700KB inactive_file:4KB active_file:4KB unevictable:0KB\n");
  EXPECT_EQ(whole.at(0)->root_cause, "cgroup-parent-limit");
  EXPECT_EQ(of("", "").at(0)->report.damage.size(), 1U) << "it has none below: parts are lost";
}

// In cgroup v1 the swapped part counts against memory.memsw alone.
TEST(Candidates, SwappedMemoryOfACgroupLeavesItsLimitWithSwapOpen) {
  const auto of = [](const std::string& counters, const std::string& swap) {
    return candidates_of(
        "[ 9.0] Task in /a killed as a result of limit of /a\n" + counters +
        "[ 9.0] Memory cgroup stats for /a: cache:32KB rss:524188KB mapped_file:0KB swap:" + swap +
        "KB inactive_anon:267804KB active_anon:256384KB inactive_file:12KB active_file:4KB "
        "unevictable:0KB\n"
        "[ 9.0] Memory cgroup out of memory: Kill process 7 (java) score 9 or sacrifice child\n"
        "[ 9.0] Killed process 7 (java) total-vm:9000000kB, anon-rss:466160kB, file-rss:13684kB\n");
  };
  const std::string counters = "[ 9.0] memory: usage 524288kB, limit 524288kB, failcnt 7\n";
  EXPECT_EQ(of("", "524356"), (Names{"cgroup-limit", "cgroup-swap-limit"}));
  EXPECT_EQ(of("", "0"), Names{}) << "likely its own limit";
  EXPECT_EQ(of(counters, "524356"), Names{});
}

}  // namespace
}  // namespace whyoom::diagnose
