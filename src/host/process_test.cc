#include "host/process.h"

#include <gtest/gtest.h>

namespace whyoom::host {
namespace {

TEST(Process, stat_with_a_name_that_looks_like_more_fields) {
  Process process;
  ASSERT_TRUE(
      parse_stat("4711 (a) R 1 (b) Z 77 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 14 0 30000 47 36 "
                 "18446744073709551615 1 1\n",
                 process));
  EXPECT_EQ(process.pid, 4711);
  EXPECT_EQ(process.comm.view(), "a) R 1 (b");
  EXPECT_EQ(process.state, 'Z');
  EXPECT_EQ(process.ppid, 77);
  EXPECT_EQ(process.threads, 14U);
  EXPECT_FALSE(process.kernel_thread);
}

TEST(Process, stat_of_a_kernel_thread) {
  Process process;
  ASSERT_TRUE(
      parse_stat("9 (kworker/0:1H-events_highpri) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 0 -20 "
                 "1 0 30 0 0 18446744073709551615 0\n",
                 process));
  EXPECT_TRUE(process.kernel_thread);
  EXPECT_EQ(process.comm.view(), "kworker/0:1H-ev") << "15 bytes are kept";
}

TEST(Process, stat_that_is_cut_has_no_half_numbers) {
  const std::string text =
      "4711 (web) S 77 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1444 0 30000 47 36\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    Process process;
    parse_stat(std::string_view(text).substr(0, size), process);
    EXPECT_TRUE(!process.threads || *process.threads == 1444U) << size;
  }
}

TEST(Process, stat_that_is_none) {
  Process process;
  for (const char* text :
       {"", "1", "1 (x", "x (y) R 1 ", "1 )x( R 1 ", "1 (y) RR 1 ", "1 (y) R z "}) {
    EXPECT_FALSE(parse_stat(text, process)) << text;
  }
}

TEST(Process, status_of_several_kernels) {
  Process process;
  ASSERT_TRUE(
      parse_status("Name:\tpostgres\nState:\tS (sleeping)\nUid:\t105\t106\t106\t106\n"
                   "VmPeak:\t  999 kB\nVmLck:\t   16 kB\nVmRSS:\t  81920 kB\n"
                   "RssAnon:\t  70000 kB\nRssFile:\t  1920 kB\nRssShmem:\t 10000 kB\n"
                   "VmPTE:\t     44 kB\nVmSwap:\t  512 kB\nHugetlbPages:\t 2048 kB\n"
                   "Threads:\t3\n",
                   process));
  EXPECT_EQ(process.uid, 105U) << "the real one";
  EXPECT_EQ(process.rss, KiB(81920));
  EXPECT_EQ(process.rss_anon, KiB(70000));
  EXPECT_EQ(process.rss_shmem, KiB(10000));
  EXPECT_EQ(process.page_tables, KiB(44));
  EXPECT_EQ(process.swap, KiB(512));
  EXPECT_EQ(process.locked, KiB(16));
  EXPECT_EQ(process.threads, 3U);

  Process old;
  ASSERT_TRUE(
      parse_status("Uid:\t0\t0\t0\t0\nVmRSS:\t 1 kB\nVmPTE:\t 44 kB\nVmPMD:\t 12 kB\n", old));
  EXPECT_EQ(old.page_tables, KiB(56));
  EXPECT_FALSE(old.rss_anon || old.swap);
}

TEST(Process, a_kernel_thread_and_a_zombie_have_no_memory) {
  Process process;
  ASSERT_TRUE(parse_status("Name:\tkswapd0\nUid:\t0\t0\t0\t0\nThreads:\t1\n", process));
  EXPECT_FALSE(process.rss || process.page_tables);
}

// Linux 6.18.
TEST(Process, status_that_says_what_stat_says) {
  Process process;
  ASSERT_TRUE(
      parse_status("Name:\ta\\nb\\\\c \nState:\tS (sleeping)\nPPid:\t7\nUid:\t5\t5\t5\t5\n"
                   "Kthread:\t0\nVmRSS:\t 12 kB\nThreads:\t3\n",
                   process));
  EXPECT_EQ(process.comm.view(), "a\nb\\c ");
  EXPECT_EQ(process.state, 'S');
  EXPECT_EQ(process.ppid, 7);
  EXPECT_FALSE(process.kernel_thread);
  EXPECT_EQ(process.threads, 3U);
  Process thread;
  ASSERT_TRUE(parse_status(
      "Name:\tkworker/0:1-ev\nState:\tI (idle)\nPPid:\t2\nUid:\t0\nKthread:\t1\n", thread));
  EXPECT_TRUE(thread.kernel_thread);
  for (const char* text : {"Name:\tx\nState:\tS (sleeping)\nPPid:\t7\nUid:\t5\nThreads:\t3\n",
                           "Name:\tx\nState:\t(sleeping)\nPPid:\t7\nUid:\t5\nKthread:\t1\n",
                           "Name:\tx\nState:\tS\nPPid:\tx\nUid:\t5\nKthread:\t1\n",
                           "Kthread:\t1\nName:\tx\nState:\tS\nPPid:\t7\nUid:\t5\n"}) {
    Process other;
    EXPECT_TRUE(parse_status(text, other));
    EXPECT_FALSE(other.ppid || other.kernel_thread || !other.comm.view().empty()) << text;
  }
}

TEST(Process, status_with_damage) {
  Process process;
  EXPECT_TRUE(parse_status("Uid:\t5\nVmRSS:\t 12\nVmSwap:\t -1 kB\nRssAnon: 77", process));
  EXPECT_FALSE(process.rss) << "no unit";
  EXPECT_FALSE(process.swap);
  EXPECT_FALSE(process.rss_anon) << "cut";
  EXPECT_FALSE(parse_status("nonsense\n", process));
}

TEST(Process, cgroups_of_both_versions) {
  EXPECT_EQ(pids_cgroup("0::/system.slice/web.service\n"), "/system.slice/web.service");
  EXPECT_EQ(pids_cgroup("9:name=systemd:/user.slice\n8:pids:/user.slice/a:b\n"
                        "4:hugetlb,memory:/docker/0123 (deleted)\n1:cpu,cpuacct:/\n0::/init\n"),
            "/user.slice/a:b");
  EXPECT_EQ(pids_cgroup("4:cpu,pids:/docker/0123 (deleted)\n0::/init\n"), "/docker/0123");
  EXPECT_FALSE(pids_cgroup("x:pids:/a\n3:pids\n3:pids:relative\n4:pids:/cut"));
}

TEST(Process, the_limit_of_processes) {
  const auto limit = parse_limit(
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max processes             1024                 unlimited            processes \n"
      "Max locked memory         8388608              8388608              bytes     \n",
      limit_of_processes);
  EXPECT_EQ(limit, 1024U);
  EXPECT_FALSE(parse_limit("Max processes  unlimited  unlimited processes\n", limit_of_processes));
  EXPECT_FALSE(parse_limit("Max processes  lots  unlimited processes\n", limit_of_processes));
  EXPECT_FALSE(parse_limit("Max processes  10", limit_of_processes)) << "cut";
}

TEST(Process, the_names_of_its_files) {
  EXPECT_EQ(path_of(12, ProcessFile::status), "/proc/12/status");
  EXPECT_EQ(path_of(12, ProcessFile::oom_score_adj), "/proc/12/oom_score_adj");
}

}  // namespace
}  // namespace whyoom::host
