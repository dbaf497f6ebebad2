#include "host/read_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "host/memory_files_for_test.h"
#include "host/parse_for_test.h"
#include "host/processes_for_test.h"

namespace whyoom::host {
namespace {

using Kind = FileError::Kind;

using test::add_process;
using test::has_gap;

TEST(ReadHost, an_empty_tree_is_all_gaps) {
  MemoryFiles files;
  const Host host = read_host(files);
  EXPECT_TRUE(has_gap(host, "/proc/meminfo is not there: how much memory there is"));
  EXPECT_TRUE(has_gap(host, "/proc/zoneinfo is not there"));
  EXPECT_TRUE(has_gap(host, "/proc/sys/vm is not there: the running values"));
  EXPECT_TRUE(has_gap(host, "/proc is not there: the processes are not known"));
  EXPECT_TRUE(has_gap(host, "no cgroup tree with the memory controller was found"));
  EXPECT_FALSE(has_gap(host, "running value of vm.min_free_kbytes is not known"))
      << "said once for all settings";
  EXPECT_TRUE(host.damage.empty());
  EXPECT_FALSE(host.page_size);
  EXPECT_EQ(host.kept.persistent_journal, false);
}

TEST(ReadHost, a_directory_for_the_journal_is_no_journal) {
  const auto has_journal = [](std::string_view path) {
    MemoryFiles files;
    files.add_directory("/var/log/journal");
    files.add_directory(std::string(path));
    return read_host(files).kept.persistent_journal;
  };
  EXPECT_EQ(has_journal("/var/log"), false);
  EXPECT_EQ(has_journal("/var/log/journal/0123"), false);
  EXPECT_EQ(has_journal("/var/log/journal/0123/system.journal"), true);
  MemoryFiles closed;
  closed.add_directory("/var/log/journal/0123");
  closed.fail("/var/log/journal/0123", {Kind::denied, "Permission denied"});
  EXPECT_EQ(read_host(closed).kept.persistent_journal, true) << "it is there, for others";
}

TEST(ReadHost, what_root_alone_may_read) {
  MemoryFiles files;
  files.fail("/proc/slabinfo", {Kind::denied, "Permission denied"});
  files.fail("/proc/vmstat", {Kind::failed, "Input/output\x1b error"});
  files.fail("/var/log/journal", {Kind::denied, "Permission denied"});
  files.add("/proc/pressure/memory", "");
  files.add_directory("/proc/loadavg");
  const Host host = read_host(files);
  EXPECT_TRUE(has_gap(host,
                      "no access to /proc/slabinfo (needs root): the biggest slab caches are "
                      "not known"));
  EXPECT_TRUE(has_gap(host, "/proc/vmstat could not be read (Input/output\\x1b error)"));
  EXPECT_TRUE(has_gap(host, "/proc/pressure/memory is empty"));
  EXPECT_TRUE(has_gap(host, "/proc/loadavg is not a file"));
  EXPECT_TRUE(host.slab.empty());
  EXPECT_EQ(host.kept.persistent_journal, true) << "it is there, for others";
}

TEST(ReadHost, settings_with_their_places) {
  MemoryFiles files;
  files.add("/proc/sys/vm/min_free_kbytes", "838860\n");
  files.add("/proc/sys/vm/lowmem_reserve_ratio", "256\t256\t32\t0\t0\n");
  files.add("/proc/sys/kernel/panic", "-1\n");
  files.add("/proc/sys/kernel/threads-max", "many\n");
  files.add("/proc/sys/kernel/printk", "4\t4\t1\t7\n");
  files.add("/proc/sys/kernel/osrelease", "6.12.9-amd64\n");
  files.add("/proc/cmdline", "ro crashkernel=256M");
  const Host host = read_host(files);
  ASSERT_TRUE(host.settings.min_free_kbytes);
  EXPECT_EQ(host.settings.min_free_kbytes->value, 838860);
  EXPECT_EQ(host.sources.name(host.settings.min_free_kbytes->at.source),
            "/proc/sys/vm/min_free_kbytes");
  EXPECT_EQ(host.settings.lowmem_reserve_ratio->value.size(), 5U);
  EXPECT_EQ(host.settings.panic->value, -1);
  EXPECT_FALSE(host.settings.threads_max);
  ASSERT_EQ(host.damage.size(), 1U);
  EXPECT_EQ(host.sources.name(host.damage[0].at.source), "/proc/sys/kernel/threads-max");
  EXPECT_EQ(host.settings.printk->value[3], 7);
  EXPECT_TRUE(has_gap(host, "the running value of kernel.pid_max is not known"));
  EXPECT_FALSE(has_gap(host, "vm.watermark_scale_factor")) << "older kernels have none";
  EXPECT_EQ(host.release->value, "6.12.9-amd64");
  EXPECT_EQ(host.command_line.value_of("crashkernel"), "256M");
}

TEST(ReadHost, processes_users_and_their_limits) {
  MemoryFiles files;
  add_process(files, 1, "systemd", 0, 1);
  add_process(files, 20, "java", 1000, 900, "0::/app.slice/java\n");
  add_process(files, 21, "sh", 1000, 1, "4:memory:/m\n3:pids:/p\n0::/u\n");
  files.add("/proc/20/limits", "Max processes  1024  8192  processes\n");
  files.add("/proc/21/limits", "Max processes  unlimited  unlimited  processes\n");
  files.add_directory("/proc/22");  // ended meanwhile
  files.add_directory("/proc/23");
  files.fail("/proc/23/stat", {Kind::denied, "Operation not permitted"});
  files.add_directory("/proc/007");
  files.add("/proc/99", "no directory");
  files.add("/proc/loadavg", "0.00 0.00 0.00 1/5000 77\n");
  const Host host = read_host(files);
  const Processes& processes = host.processes;
  ASSERT_EQ(processes.all.size(), 3U);
  const Process& java = processes.all[1];
  EXPECT_EQ(java.pid, 20);
  EXPECT_EQ(java.comm.view(), "java");
  EXPECT_EQ(java.rss, KiB(1024));
  EXPECT_EQ(java.swap, KiB(8));
  EXPECT_EQ(java.page_tables, KiB(40));
  EXPECT_EQ(java.oom_score_adj, -500);
  EXPECT_EQ(java.oom_score, 666);
  EXPECT_EQ(processes.cgroup_path(java.pids_cgroup), "/app.slice/java");
  EXPECT_EQ(processes.cgroup_path(processes.all[2].pids_cgroup), "/p");
  EXPECT_EQ(processes.cgroup_path(no_cgroup), "");
  ASSERT_EQ(processes.users.size(), 2U);
  EXPECT_EQ(processes.users[0].uid, 1000U);
  EXPECT_EQ(processes.users[0].threads, 901U);
  EXPECT_EQ(processes.users[0].limit, 1024U) << "the lowest";
  EXPECT_EQ(processes.users[0].limit_pid, 20);
  EXPECT_FALSE(processes.users[1].limit);
  EXPECT_EQ(processes.vanished, 1U);
  EXPECT_FALSE(has_gap(host, "/proc/22"));
  EXPECT_TRUE(has_gap(host, "no access to 1 process (needs root)"));
  EXPECT_TRUE(has_gap(host, "of 5000 tasks cannot be seen from here"));
}

TEST(ReadHost, a_process_whose_status_is_closed_keeps_its_name) {
  MemoryFiles files;
  add_process(files, 5, "sealed", 0, 3);
  files.fail("/proc/5/status", {Kind::denied, "Permission denied"});
  const Host host = read_host(files);
  ASSERT_EQ(host.processes.all.size(), 1U);
  EXPECT_EQ(host.processes.all[0].threads, 3U);
  EXPECT_FALSE(host.processes.all[0].rss);
  EXPECT_TRUE(has_gap(host, "no access to 1 process (needs root): what it uses is not known"));
}

TEST(ReadHost, a_process_that_ends_while_it_is_read_is_no_gap) {
  MemoryFiles files;
  add_process(files, 5, "short", 0, 3);
  files.remove("/proc/5/stat");
  const Host host = read_host(files);
  EXPECT_TRUE(host.processes.all.empty());
  EXPECT_EQ(host.processes.vanished, 1U);
  EXPECT_EQ(host.processes.denied, 0U);
  EXPECT_FALSE(has_gap(host, "process "));
}

TEST(ReadHost, more_processes_than_wanted) {
  MemoryFiles files;
  for (int pid = 1; pid <= 9; ++pid) {
    add_process(files, pid, "p", 0, 1);
  }
  ReadOptions options;
  options.most_processes = 4;
  const Host host = read_host(files, options);
  EXPECT_EQ(host.processes.all.size(), 4U);
  EXPECT_TRUE(host.processes.cut);
  EXPECT_TRUE(has_gap(host, "only the first 4 processes were read"));
}

MemoryFiles version_2() {
  MemoryFiles files;
  files.add("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  const std::string top = "/sys/fs/cgroup/";
  files.add(top + "cgroup.controllers", "cpuset cpu memory pids\n");
  files.add(top + "memory.stat", "anon 5\n");
  files.add(top + "a.slice/memory.current", "1000\n");
  files.add(top + "a.slice/memory.max", "max\n");
  files.add(top + "a.slice/b.service/memory.current", "900\n");
  files.add(top + "a.slice/b.service/memory.max", "1048576\n");
  files.add(top + "a.slice/b.service/memory.low", "max\n");
  files.add(top + "a.slice/b.service/memory.swap.max", "0\n");
  files.add(top + "a.slice/b.service/memory.oom.group", "1\n");
  files.add(top + "a.slice/b.service/memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n");
  files.add(top + "a.slice/b.service/memory.swap.events", "high 0\nmax 4\nfail 5\n");
  files.add(top + "a.slice/b.service/cgroup.stat", "nr_descendants 0\nnr_dying_descendants 8\n");
  files.add(top + "a.slice/b.service/pids.current", "7\n");
  files.add(top + "a.slice/b.service/pids.max", "8\n");
  files.add(top + "a.slice/b.service/pids.events", "max 3\n");
  return files;
}

TEST(ReadHost, a_cgroup_tree_of_version_2) {
  MemoryFiles files = version_2();
  const Host host = read_host(files);
  ASSERT_EQ(host.cgroups.size(), 1U);
  const CgroupTree& tree = host.cgroups[0];
  EXPECT_TRUE(tree.version2 && tree.memory && tree.pids);
  ASSERT_EQ(tree.groups.size(), 3U);
  const Cgroup* group = test::find_group(tree, "/a.slice/b.service");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->depth, 2);
  ASSERT_TRUE(group->parent);
  EXPECT_EQ(tree.path_of(tree.groups[*group->parent]), "/a.slice");
  EXPECT_EQ(group->oom_kill->value, 1U);
  EXPECT_EQ(group->dying_descendants->value, 8U);
  EXPECT_EQ(group->pids_current->value, 7U);
  EXPECT_EQ(group->pids_max->value, 8U);
  EXPECT_EQ(host.sources.name(group->pids_max->at.source),
            "/sys/fs/cgroup/a.slice/b.service/pids.max");
  EXPECT_EQ(group->pids_max_events->value, 3U);
  EXPECT_FALSE(tree.groups[0].current) << "the root has statistics only";
  EXPECT_EQ(test::find_group(tree, "/nowhere"), nullptr);
}

TEST(ReadHost, cgroups_are_found_without_mountinfo) {
  MemoryFiles files = version_2();
  files.remove("/proc/self/mountinfo");
  const Host host = read_host(files);
  ASSERT_EQ(host.cgroups.size(), 1U);
  EXPECT_EQ(host.cgroups[0].groups.size(), 3U);
}

TEST(ReadHost, cgroup_trees_of_version_1_in_a_container) {
  MemoryFiles files;
  files.add("/proc/self/mountinfo",
            "35 31 0:32 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
            "39 31 0:36 /docker/ab /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
            "36 31 0:32 /docker/ab /mnt/again rw - cgroup cgroup rw,memory\n"
            "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  const std::string top = "/sys/fs/cgroup/memory/";
  files.add(top + "memory.usage_in_bytes", "500\n");
  files.add(top + "memory.limit_in_bytes", "600\n");
  files.add(top + "memory.failcnt", "12\n");
  files.add(top + "memory.memsw.usage_in_bytes", "501\n");
  files.add(top + "memory.memsw.limit_in_bytes", "9223372036854771712\n");
  files.add(top + "memory.kmem.usage_in_bytes", "44\n");
  files.add(top + "memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 6\n");
  files.add(top + "memory.stat", "cache 5\ntotal_cache 50\n");
  files.add(top + "child/memory.usage_in_bytes", "3\n");
  files.add("/sys/fs/cgroup/pids/pids.current", "4\n");
  files.add("/sys/fs/cgroup/pids/pids.max", "max\n");
  const Host host = read_host(files);
  ASSERT_EQ(host.cgroups.size(), 2U) << "one for each hierarchy with such a controller";
  const CgroupTree& memory = host.cgroups[0];
  ASSERT_EQ(memory.groups.size(), 2U);
  EXPECT_EQ(memory.path_of(memory.groups[0]), "/docker/ab") << "as /proc/PID/cgroup names it";
  EXPECT_EQ(memory.path_of(memory.groups[1]), "/docker/ab/child");
  EXPECT_EQ(memory.groups[1].current->value, Bytes(3));
  const Cgroup& group = memory.groups[0];
  EXPECT_EQ(group.oom_kill->value, 6U);
  EXPECT_EQ(host.cgroups[1].groups[0].pids_current->value, 4U);
  EXPECT_FALSE(host.cgroups[1].groups[0].pids_max->value);
}

TEST(ReadHost, a_tree_that_is_too_deep_or_too_wide_is_cut_and_told) {
  MemoryFiles files = version_2();
  std::string path = "/sys/fs/cgroup";
  for (int depth = 0; depth < 100; ++depth) {
    path += "/d";
    files.add_directory(path);
  }
  const Host deep = read_host(files);
  EXPECT_TRUE(deep.cgroups[0].cut);
  EXPECT_TRUE(has_gap(deep, "only 35 cgroups below /sys/fs/cgroup were read"));
  ReadOptions options;
  options.most_cgroups = 2;
  const Host wide = read_host(files, options);
  EXPECT_EQ(wide.cgroups[0].groups.size(), 2U);
  EXPECT_TRUE(wide.cgroups[0].cut);
}

TEST(ReadHost, a_cgroup_that_others_may_not_read) {
  MemoryFiles files = version_2();
  files.fail("/sys/fs/cgroup/a.slice/b.service/memory.current", {Kind::denied, "no"});
  files.fail("/sys/fs/cgroup/a.slice/b.service", {Kind::denied, "no"});
  const Host host = read_host(files);
  EXPECT_TRUE(has_gap(host, "2 files and directories below /sys/fs/cgroup could not be read"));
}

TEST(ReadHost, nodes_and_huge_pages) {
  MemoryFiles files;
  const std::string node = "/sys/devices/system/node/";
  files.add(node + "online", "0-1\n");
  files.add(node + "node1/meminfo", "Node 1 MemFree: 7 kB\n");
  files.add(node + "node1/hugepages/hugepages-2048kB/free_hugepages", "3\n");
  files.add_directory(node + "node0");
  files.add_directory(node + "power");
  files.add("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "2\n");
  files.add_directory("/sys/kernel/mm/hugepages/hugepages-manykB");
  files.add("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  files.add("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "2097152\n");
  files.add("/sys/kernel/mm/lru_gen/enabled", "0x0007\n");
  const Host host = read_host(files);
  ASSERT_EQ(host.huge_pools.size(), 1U);
  EXPECT_EQ(host.huge_pools[0].page_size, KiB(1048576));
  EXPECT_EQ(host.huge_pools[0].total->value, 2U);
  EXPECT_EQ(host.transparent_huge->value, "madvise");
}

TEST(ReadHost, files_that_limit_tasks) {
  MemoryFiles files;
  files.add("/etc/security/limits.conf", "* soft nproc 100\n");
  files.add("/etc/security/limits.d/20-nproc.conf",
            "* soft nproc 4096\nroot soft nproc unlimited\n");
  files.add("/etc/security/limits.d/README", "* soft nproc 1\n");
  files.add("/etc/systemd/system.conf", "[Manager]\nDefaultTasksMax=10%\n");
  files.add("/usr/lib/systemd/system.conf", "[Manager]\nDefaultTasksMax=1\n");
  files.add("/usr/lib/systemd/system.conf.d/10-a.conf", "[Manager]\nDefaultTasksMax=2\n");
  files.add("/etc/systemd/system.conf.d/10-a.conf", "[Manager]\nDefaultTasksMax=3\n");
  files.add("/run/systemd/system.conf.d/05-b.conf", "[Manager]\nDefaultTasksMax=4\n");
  const Host host = read_host(files);
  ASSERT_EQ(host.task_limits.nproc.size(), 3U);
  EXPECT_EQ(host.task_limits.nproc[1].most, 4096U);
  EXPECT_EQ(host.sources.name(host.task_limits.nproc[1].at.source),
            "/etc/security/limits.d/20-nproc.conf");
  std::string all;
  for (const TasksMax& limit : host.task_limits.systemd) {
    all += limit.unit + "=" + limit.text + ";";
  }
  EXPECT_EQ(all, "=10%;=4;=3;");
}

TEST(ReadHost, kubelet_tuned_and_what_is_kept) {
  MemoryFiles files;
  files.add("/var/lib/kubelet/config.yaml", "evictionHard:\n  memory.available: 100Mi\n");
  files.add("/var/lib/kubelet/kubeadm-flags.env", "A=\"--eviction-hard=memory.available<200Mi\"\n");
  files.add("/etc/tuned/active_profile", "hpc-compute\n");
  files.add("/etc/systemd/journald.conf", "[Journal]\n#Storage=auto\n");
  files.add("/usr/lib/systemd/journald.conf.d/90-volatile.conf", "[Journal]\nStorage=volatile\n");
  files.add("/var/log/journal/0123/system.journal", "");
  files.add("/var/log/kern.log", "x\n");
  files.add("/proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n");
  files.add("/sys/module/pstore/parameters/backend", "(null)\n");
  files.add("/sys/kernel/kexec_crash_loaded", "1\n");
  files.add("/sys/kernel/kexec_crash_size", "268435456\n");
  const Host host = read_host(files);
  EXPECT_EQ(host.kubelet.hard_memory->value.text, "200Mi") << "flags win over the file";
  EXPECT_EQ(host.tuned_profile->value, "hpc-compute");
  EXPECT_EQ(host.kept.journal_storage->value, "volatile");
  EXPECT_EQ(host.kept.persistent_journal, true);
  EXPECT_EQ(host.kept.pstore_mounted, false);
  ASSERT_TRUE(host.kept.pstore_backend) << "none is not the same as not known";
  EXPECT_EQ(host.kept.pstore_backend->value, "");
  EXPECT_EQ(host.kept.syslog_files, true);
  EXPECT_EQ(host.kept.kexec_crash_loaded->value, 1U);
}

TEST(ReadHost, the_page_size_by_majority) {
  MemoryFiles files;
  files.add("/proc/meminfo",
            "MemTotal: 16777216 kB\nMemFree: 8388608 kB\nAnonPages: 640000 kB\nMapped: 64 kB\n");
  files.add("/proc/vmstat", "nr_free_pages 131072\nnr_anon_pages 10001\nnr_mapped 1\n");
  EXPECT_EQ(read_host(files).page_size, PageSize{65536});
  ReadOptions options;
  options.page_size = PageSize{4096};
  EXPECT_EQ(read_host(files, options).page_size, PageSize{4096});
}

TEST(Sources, names_come_back) {
  Sources sources;
  EXPECT_EQ(sources.add("/proc/meminfo"), 0U);
  EXPECT_EQ(sources.add("/proc/1/stat"), 1U);
  EXPECT_EQ(sources.add("/meminfo"), 2U);
  EXPECT_EQ(sources.name(0), "/proc/meminfo");
  EXPECT_EQ(sources.name(1), "/proc/1/stat");
  EXPECT_EQ(sources.name(2), "/meminfo");
  EXPECT_EQ(sources.name(3), "");
}

void add_namespaces(MemoryFiles& files, int pid, const std::string& own,
                    const std::string& of_children) {
  const std::string top = "/proc/" + std::to_string(pid) + "/ns/";
  files.add_link(top + "pid", "pid:[" + own + "]");
  if (!of_children.empty()) {
    files.add_link(top + "pid_for_children", "pid:[" + of_children + "]");
  }
}

TEST(ReadHost, pid_namespaces_that_nobody_lives_in) {
  MemoryFiles files;
  for (const int pid : {1, 50, 60, 70, 80, 81}) {
    add_process(files, pid, "p" + std::to_string(pid), 0, 1);
  }
  add_namespaces(files, 1, "100", "100");
  add_namespaces(files, 50, "100", "200");  // its first child has ended
  add_namespaces(files, 60, "100", "");     // no child yet
  add_namespaces(files, 70, "100", "300");  // unshare --fork: 80 lives there
  add_namespaces(files, 80, "300", "300");
  add_namespaces(files, 81, "300", "100");  // setns() back: somebody is there
  const Host host = read_host(files);
  const auto& users = host.processes.pid_namespaces;
  ASSERT_EQ(users.size(), 2U);
  const auto user = [&](int pid) {
    return *std::find_if(users.begin(), users.end(),
                         [pid](const PidNamespaceUser& each) { return each.pid == pid; });
  };
  EXPECT_EQ(user(50).own, 100U);
  EXPECT_EQ(user(50).of_children, 200U);
  EXPECT_FALSE(user(50).inhabited);
  EXPECT_TRUE(user(70).inhabited);
  EXPECT_TRUE(host.processes.pid_namespaces_whole);

  add_process(files, 90, "p90", 0, 1);  // it lives, and where is not known
  EXPECT_FALSE(read_host(files).processes.pid_namespaces_whole);
  add_namespaces(files, 90, "100", "100");
  EXPECT_TRUE(read_host(files).processes.pid_namespaces_whole);
  add_process(files, 91, "p91", 1000, 1);
  files.fail("/proc/91/ns/pid", {Kind::denied, "Permission denied"});
  EXPECT_FALSE(read_host(files).processes.pid_namespaces_whole);
  const std::string status = "Name:\tp91\nState:\tS (sleeping)\nNSpid:\t91";
  files.add("/proc/91/status", status + "\n");  // in the namespace of this /proc
  EXPECT_TRUE(read_host(files).processes.pid_namespaces_whole);
  files.add("/proc/91/status", status + "\t7\n");
  EXPECT_FALSE(read_host(files).processes.pid_namespaces_whole);
}

}  // namespace
}  // namespace whyoom::host
