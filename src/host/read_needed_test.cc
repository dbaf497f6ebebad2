// What costs much to read is read only where a rule can use it, or for a capture.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "host/memory_files_for_test.h"
#include "host/processes_for_test.h"
#include "host/read_host.h"

namespace whyoom::host {
namespace {

using test::add_process;
using test::has_gap;

// Which files were read.
class AskedFiles : public MemoryFiles {
 public:
  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override {
    auto text = MemoryFiles::read(path, most);
    if (text) {
      asked.emplace_back(path);
    }
    return text;
  }
  [[nodiscard]] bool was_asked(std::string_view path) const {
    return std::ranges::find(asked, path) != asked.end();
  }
  std::vector<std::string> asked;
};

ReadOptions all_for_capture() {
  ReadOptions options;
  options.for_capture = true;
  return options;
}

TEST(ReadNeeded, of_a_kernel_thread_only_stat_is_read) {
  AskedFiles files;
  add_process(files, 2, "kthreadd", 0, 1);
  files.add("/proc/2/stat", "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0\n");
  add_process(files, 3, "sh", 0, 1);
  const Host host = read_host(files);
  EXPECT_TRUE(host.processes.all[0].kernel_thread);
  EXPECT_FALSE(files.was_asked("/proc/2/status"));
  EXPECT_FALSE(files.was_asked("/proc/2/oom_score_adj"));
  EXPECT_TRUE(files.was_asked("/proc/3/oom_score_adj"));
  read_host(files, all_for_capture());
  EXPECT_TRUE(files.was_asked("/proc/2/status"));
}

// Its status tells the kernel thread, and so what is not to be read of the next; then nothing can
// be.
TEST(ReadNeeded, a_process_that_is_closed_counts_once) {
  MemoryFiles files;
  for (int pid = 10; pid < 14; ++pid) {
    const std::string top = "/proc/" + std::to_string(pid) + "/";
    add_process(files, pid, "sh", 0, 1);
    const auto status = files.read(top + "status", 4096);
    ASSERT_TRUE(status);
    files.add(top + "status", *status + "Kthread:\t0\n");
    files.add(top + "stat", std::to_string(pid) + " (sh) S 1 0 0 0 -1 4194304 0 0\n");
  }
  for (const char* path : {"/proc/12/status", "/proc/12/stat", "/proc/13/status"}) {
    files.fail(path, {FileError::Kind::denied, "Permission denied"});
  }
  EXPECT_EQ(read_host(files).processes.denied, 2U);
}

TEST(ReadNeeded, one_of_stat_and_status_is_read_where_status_says_all) {
  AskedFiles files;
  const auto add = [&files](int pid, const std::string& name, bool kernel, bool tells) {
    const std::string top = "/proc/" + std::to_string(pid) + "/";
    add_process(files, pid, name, 0, 1);
    files.add(top + "stat", std::to_string(pid) + " (" + name + ") S 1 0 0 0 -1 " +
                                (kernel ? "2129984" : "4194304") +
                                " 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0\n");
    files.add(top + "status", "Name:\t" + name + "\nState:\tS (sleeping)\nPPid:\t1\nUid:\t0\t0\n" +
                                  (tells ? kernel ? "Kthread:\t1\n" : "Kthread:\t0\n" : "") +
                                  "VmRSS:\t 1024 kB\nThreads:\t1\n");
  };
  add(1, "init", false, true);
  add(2, "kthreadd", true, true);
  add(3, "kswapd0", true, true);
  add(4, "sh", false, true);
  add(5, "java", false, true);
  add(6, "old", false, false);  // as no kernel is: each is read for itself
  add(7, "new", false, true);
  const Host host = read_host(files);
  const auto read_of = [&files](int pid) {
    const std::string top = "/proc/" + std::to_string(pid) + "/";
    return std::string(files.was_asked(top + "stat") ? "stat " : "") +
           (files.was_asked(top + "status") ? "status" : "");
  };
  EXPECT_EQ(read_of(1), "stat status") << "it is not known yet";
  EXPECT_EQ(read_of(2), "status");
  EXPECT_EQ(read_of(3), "stat ");
  EXPECT_EQ(read_of(4), "stat status");
  EXPECT_EQ(read_of(5), "status");
  EXPECT_EQ(read_of(6), "stat status");
  EXPECT_EQ(read_of(7), "stat status");
  const auto& all = host.processes.all;
  ASSERT_EQ(all.size(), 7U);
  for (const Process& process : all) {
    EXPECT_EQ(process.ppid, 1);
    EXPECT_EQ(process.state, 'S');
    EXPECT_EQ(process.threads, 1U);
    EXPECT_EQ(process.kernel_thread, process.pid == 2 || process.pid == 3);
    EXPECT_EQ(process.oom_score.has_value(), !process.kernel_thread);
  }
  EXPECT_EQ(all[1].comm.view(), "kthreadd");
  EXPECT_EQ(all[4].comm.view(), "java");
  EXPECT_EQ(all[4].rss, KiB(1024));
  files.asked.clear();
  read_host(files, all_for_capture());
  EXPECT_EQ(read_of(3), "stat status");
  EXPECT_EQ(read_of(5), "stat status");
}

TEST(ReadNeeded, cgroups_of_processes_are_read_where_a_limit_on_tasks_is_near) {
  AskedFiles files;
  add_process(files, 20, "java", 1000, 900, "0::/app.slice/java\n");
  files.add("/proc/20/limits", "Max processes  4096  8192  processes\n");
  files.add("/proc/loadavg", "0.00 0.00 0.00 1/1000 77\n");
  files.add("/proc/sys/kernel/pid_max", "4000\n");
  files.add("/proc/sys/kernel/threads-max", "4000\n");
  files.add("/proc/sys/vm/max_map_count", "4\n");
  const std::string cgroup = "/proc/20/cgroup";
  read_host(files);
  EXPECT_FALSE(files.was_asked(cgroup));
  read_host(files, all_for_capture());
  EXPECT_TRUE(files.was_asked(cgroup));

  const auto asked_with = [&](const std::string& path, const std::string& near) {
    AskedFiles changed = files;
    changed.asked.clear();
    changed.add(path, near);
    const Host host = read_host(changed);
    EXPECT_EQ(host.processes.cgroup_path(host.processes.all[0].pids_cgroup),
              changed.was_asked(cgroup) ? "/app.slice/java" : "");
    return changed.was_asked(cgroup);
  };
  EXPECT_TRUE(asked_with("/proc/loadavg", "0.00 0.00 0.00 1/2000 77\n"));
  EXPECT_FALSE(asked_with("/proc/loadavg", "0.00 0.00 0.00 1/1999 77\n"));
  EXPECT_TRUE(asked_with("/proc/sys/kernel/threads-max", "1999\n"));
  EXPECT_TRUE(asked_with("/proc/20/limits", "Max processes  1800  8192  processes\n"));
  EXPECT_FALSE(asked_with("/proc/20/limits", "Max processes  1802  8192  processes\n"));
  EXPECT_TRUE(asked_with("/proc/20/maps", "a\nb\n"));
  EXPECT_FALSE(asked_with("/proc/20/maps", "a\n"));

  const std::string group = "/sys/fs/cgroup/app.slice/";
  files.add("/sys/fs/cgroup/cgroup.controllers", "pids\n");
  files.add(group + "pids.current", "49\n");
  files.add(group + "pids.max", "100\n");
  files.add(group + "pids.events", "max 0\n");
  EXPECT_FALSE(asked_with(group + "pids.current", "49\n"));
  EXPECT_TRUE(asked_with(group + "pids.current", "50\n"));
  EXPECT_TRUE(asked_with(group + "pids.events", "max 1\n"));
}

TEST(ReadNeeded, limits_of_root_are_not_asked_for) {
  AskedFiles files;
  add_process(files, 20, "sh", 0, 1);
  files.add("/proc/20/limits", "Max processes  4096  8192  processes\n");
  EXPECT_FALSE(read_host(files).processes.users[0].limit);
  EXPECT_TRUE(read_host(files, all_for_capture()).processes.users[0].limit);
}

// The kernel walks lists under locks to make it.
TEST(ReadNeeded, slab_caches_are_read_where_slabs_hold_much) {
  AskedFiles files;
  files.add("/proc/slabinfo", "slabinfo - version: 2.1\n");
  read_host(files);
  EXPECT_TRUE(files.was_asked("/proc/slabinfo")) << "not known";
  files.asked.clear();
  files.add("/proc/meminfo", "MemTotal: 1000 kB\nSUnreclaim: 99 kB\n");
  EXPECT_FALSE(has_gap(read_host(files), "slabinfo"));
  EXPECT_FALSE(files.was_asked("/proc/slabinfo"));
  MemoryFiles denied = files;
  denied.fail("/proc/slabinfo", {FileError::Kind::denied, "Permission denied"});
  EXPECT_TRUE(has_gap(read_host(denied), "no access to /proc/slabinfo"));
  read_host(files, all_for_capture());
  EXPECT_TRUE(files.was_asked("/proc/slabinfo"));
  files.asked.clear();
  files.add("/proc/meminfo", "MemTotal: 1000 kB\nSUnreclaim: 100 kB\n");
  read_host(files);
  EXPECT_TRUE(files.was_asked("/proc/slabinfo"));
}

}  // namespace
}  // namespace whyoom::host
