#include <gtest/gtest.h>

#include "host/facts.h"
#include "host/parse_for_test.h"
#include "host/posted_for_test.h"

namespace whyoom::host {
namespace {

using test::posted;

// Tasks and their limit; 0: not known.
using Filled = std::pair<std::uint64_t, std::uint64_t>;
Filled tasks_of(const Host& host, std::string_view path) {
  for (const CgroupTree& tree : host.cgroups) {
    if (const Cgroup* group = test::find_group(tree, path)) {
      return {group->pids_current ? group->pids_current->value : 0,
              group->pids_max ? group->pids_max->value.value_or(0) : 0};
    }
  }
  return {0, 0};
}
Filled tasks_in(std::string_view text, std::string_view path) {
  return tasks_of(posted(text), path);
}
bool shows_nothing(std::string_view text) { return posted_files(text).files == nullptr; }

constexpr std::string_view status =
    "# systemctl status docker\n"
    "● docker.service - Docker Application Container Engine\n"
    "   Loaded: loaded (/etc/systemd/system/docker.service; disabled)\n"
    " Main PID: 2770 (docker)\n"
    "    Tasks: 502 (limit: 512)\n"
    "   Memory: 1.5G (high: 1.8G max: 2.0G swap max: 1.0G available: 300.0M)\n"
    "   CGroup: /system.slice/docker.service\n"
    "           └─2770 /usr/bin/docker daemon\n";

TEST(PostedUnit, its_tasks_and_its_memory) {
  const auto [files, names, left_out, shell] = posted_files(status);
  ASSERT_NE(files, nullptr);
  EXPECT_EQ(names, std::vector<std::string>{"systemctl status docker.service"});
  const Host host = read_host(*files, {.posted = names, .left_out = left_out});
  EXPECT_FALSE(shell);
  EXPECT_EQ(tasks_of(host, "/system.slice/docker.service"), Filled(502, 512));
  ASSERT_EQ(host.cgroups.size(), 1U);
  const Cgroup* group = test::find_group(host.cgroups[0], "/system.slice/docker.service");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->current->value, Bytes(3U << 29U));
  EXPECT_EQ(*group->max->value, Bytes(1U << 31U));
  EXPECT_EQ(*group->high->value, Bytes(1932735283));
  EXPECT_EQ(host.sources.name(group->max->at.source), "systemctl status docker.service");
  EXPECT_EQ(host.gaps.size(), 1U);
  EXPECT_TRUE(host.damage.empty());
}

TEST(PostedUnit, named_by_what_is_left_of_it) {
  constexpr std::string_view tasks = "   Tasks: 17 (limit: 10267)\n  Memory: 616.7M\n";
  EXPECT_EQ(tasks_in("● user-22001.slice - User Slice of UID 22001\n" + std::string(tasks),
                     "/user-22001.slice"),
            Filled(17, 10267));
  EXPECT_EQ(tasks_in("$ systemctl status -l my\n[...]\n" + std::string(tasks), "/my.service"),
            Filled(17, 10267));
  EXPECT_EQ(
      tasks_in("> * a.scope\n>  Tasks: 3\n> * b.scope - B\n>  Tasks: 4 (limit: 5)\n", "/b.scope"),
      Filled(4, 5));
  EXPECT_TRUE(shows_nothing("状态：\n● 数据.service - 数据\n  Tasks: 9 (limit: 9)\n"))
      << "no unit has such a name";
  EXPECT_EQ(
      tasks_in("服务状态如下：\n● a.service - 数据服务\n  Tasks: 9 (limit: 9)\n", "/a.service"),
      Filled(9, 9));
}

TEST(PostedUnit, as_show_has_it) {
  EXPECT_EQ(tasks_in("$ systemctl show jenkins | grep -i task\nTasksCurrent=4913\n"
                     "TasksAccounting=yes\nTasksMax=4915\n",
                     "/jenkins.service"),
            Filled(4913, 4915));
  EXPECT_EQ(tasks_in("Id=a.service\nControlGroup=/system.slice/a.service\nMemoryMax=infinity\n"
                     "MemoryCurrent=[not set]\nTasksCurrent=7\nTasksMax=infinity\nthanks\n",
                     "/system.slice/a.service"),
            Filled(7, 0));
}

TEST(PostedUnit, what_is_none) {
  for (const char* text : {
           "Tasks: 320 total,   1 running, 319 sleeping\n",
           "Tasks: 502 (limit: 512)\n",                     // of what?
           "● a.service - A\n Tasks: many (limit: few)\n",  // cut
           "● a.service - A\n   Memory: 1.2Q (max: 1R)\n",
           "what systemctl status shows of it:\nTasks: 4 (limit: 4)\n",
           "[Service]\nTasksMax=8192\n",
           "TasksCurrent=1\nTasksMax=2\n",
           "● a.service - A\n CGroup: /../etc/passwd\n",
       }) {
    EXPECT_TRUE(shows_nothing(text)) << text;
  }
  EXPECT_EQ(tasks_in("● a.service - A\n  Tasks: 30\n[Service]\nTasksMax=16\n", "/a.service"),
            Filled(30, 0))
      << "what the file says is not in force";
}

TEST(PostedUnit, hostile) {
  const std::string nines(400, '9'), longest(100000, 'a');
  const Host host = posted("● a.service - A\n Tasks: " + nines + " (limit: " + nines +
                           ")\n Memory: " + nines + "G\n CGroup: /a\n");
  EXPECT_EQ(tasks_of(host, "/a"), Filled(0, 0));
  EXPECT_FALSE(host.damage.empty());
  EXPECT_TRUE(shows_nothing("● " + longest + ".service - A\n Tasks: 1 (limit: 1)\n"));
  EXPECT_TRUE(shows_nothing("$ systemctl status " + longest + "\n Tasks: 1 (limit: 1)\n"));
  std::string deep = "● a.service - A\n Tasks: 1 (limit: 1)\n CGroup: ";
  for (int i = 0; i < 1000; ++i) {
    deep += "/a";
  }
  EXPECT_EQ(posted(deep + "\n").cgroups.size(), 1U);
}

TEST(PostedCgroup, files_that_were_shown) {
  EXPECT_EQ(tasks_in("$ cat /sys/fs/cgroup/pids/user.slice/user-1000.slice/pids.max\n12288\n"
                     "and the number that I have then:\n"
                     "$ cat /sys/fs/cgroup/pids/user.slice/user-1000.slice/pids.current\n12287\n",
                     "/user.slice/user-1000.slice"),
            Filled(12287, 12288));
  EXPECT_EQ(
      tasks_in("# cat /sys/fs/cgroup/a/pids.current /sys/fs/cgroup/a/pids.max\n5\nmax\n", "/a"),
      Filled(5, 0));
  EXPECT_EQ(tasks_in("/sys/fs/cgroup/pids.current:2048\n/sys/fs/cgroup/pids.events:max 57\n"
                     "/sys/fs/cgroup/pids.max:2048\n/sys/fs/cgroup/pids.peak:2048\n",
                     "/"),
            Filled(2048, 2048));
  EXPECT_EQ(tasks_in("==> /sys/fs/cgroup/b/pids.current <==\n3\n\n==> /sys/fs/cgroup/b/pids.max "
                     "<==\n4\n",
                     "/b"),
            Filled(3, 4));
  EXPECT_EQ(tasks_in("$ kubectl exec -it web -- sh -c \"cat /sys/fs/cgroup/pids.max\"\n7\n"
                     "[root@n /]# cd /sys/fs/cgroup/; cat pids.current\n6\n",
                     "/"),
            Filled(6, 7));
  EXPECT_EQ(tasks_in("root@h:/sys/fs/cgroup/c# cat pids.max\n8\n"
                     "root@h:/sys/fs/cgroup/c# cat pids.current\n7\n",
                     "/c"),
            Filled(7, 8));
}

TEST(PostedCgroup, rows_behind_names) {
  const Host host = posted(
      "$ grep . /sys/fs/cgroup/a/*\n/sys/fs/cgroup/a/memory.events:low 0\n"
      "/sys/fs/cgroup/a/memory.events:oom_kill 9\n/sys/fs/cgroup/a/pids.current:4\n"
      "/sys/fs/cgroup/a/pids.events:max 57\n");
  const Cgroup* group = test::find_group(host.cgroups.at(0), "/a");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->oom_kill->value, 9U);
  EXPECT_EQ(group->pids_max_events->value, 57U);
  EXPECT_TRUE(host.damage.empty());
}

TEST(PostedCgroup, that_systemctl_shows_too_is_one) {
  const Host host =
      posted(std::string(status) +
             "$ cat /sys/fs/cgroup/pids/system.slice/docker.service/pids.max\n512\n"
             "$ cat /sys/fs/cgroup/pids/system.slice/docker.service/pids.current\n503\n");
  ASSERT_EQ(host.cgroups.size(), 2U);
  const Cgroup* of_systemctl = test::find_group(host.cgroups[0], "/system.slice/docker.service");
  ASSERT_NE(of_systemctl, nullptr);
  EXPECT_FALSE(of_systemctl->pids_max);
  EXPECT_TRUE(of_systemctl->max);
  const Cgroup* group = test::find_group(host.cgroups[1], "/system.slice/docker.service");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->pids_current->value, 503U);
}

TEST(PostedCgroup, memory_of_both_versions) {
  const Host old = posted(
      "sh-4.2$ pwd\n/sys/fs/cgroup/memory/kubepods/burstable/pod2\n"
      "sh-4.2$ cat memory.usage_in_bytes\n501346304\n"
      "sh-4.2$ cat memory.limit_in_bytes\n524288000\n"
      "sh-4.2$ cat memory.oom_control\noom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
  ASSERT_EQ(old.cgroups.size(), 1U);
  const Cgroup* pod = test::find_group(old.cgroups[0], "/kubepods/burstable/pod2");
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->current->value, Bytes(501346304));
  EXPECT_EQ(*pod->max->value, Bytes(524288000));
  EXPECT_EQ(pod->oom_kill->value, 7U);
  const Host host = posted(
      "容器里看到的：\nroot@3f2a:/# cat /sys/fs/cgroup/memory.events\nlow 0\nhigh 3\nmax 31245\n"
      "oom 12\noom_kill 12\nroot@3f2a:/# cat /sys/fs/cgroup/memory.high\nmax\n");
  ASSERT_EQ(host.cgroups.size(), 1U);
  EXPECT_EQ(host.cgroups[0].groups[0].oom_kill->value, 12U);
  EXPECT_FALSE(host.cgroups[0].groups[0].high->value);
  const Host unlimited = posted(
      "$ head /sys/fs/cgroup/memory/memory.*_in_bytes\n"
      "==> /sys/fs/cgroup/memory/memory.limit_in_bytes <==\n9223372036854771712\n"
      "==> /sys/fs/cgroup/memory/memory.usage_in_bytes <==\n4096\n");
  EXPECT_FALSE(unlimited.cgroups.at(0).groups.at(0).max->value) << "that is no limit";
}

TEST(PostedCgroup, what_is_none) {
  for (const char* text :
       {"$ cat pids.max\n5\n",  // of which?
        "$ cat /sys/fs/cgroup/pids.max\ncat: /sys/fs/cgroup/pids.max: No such file\n5\n",
        "$ cat /sys/fs/cgroup/../../etc/pids.max\n5\n", "$ cat /sys/fs/cgroup/a/pids.peak\n5\n",
        "$ echo 5 > /sys/fs/cgroup/pids.max\n5\n",
        "$ cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/a/pids.max 2>/dev/null\n5\n",
        "memory.usage_in_bytes: 126976\n", "limit: /sys/fs/cgroup/pids.max\n",
        "$ ls /sys/fs/cgroup/pids.max\n5\n"}) {
    EXPECT_TRUE(shows_nothing(text)) << text;
  }
  EXPECT_EQ(tasks_in("/sys/fs/cgroup/pids.current:5\n/sys/fs/cgroup/pids.current:9\n", "/"),
            Filled(9, 0))
      << "the last one";
  EXPECT_EQ(tasks_in("/sys/fs/cgroup/pids.max:100\n/sys/fs/cgroup/pids.current:5\n"
                     "/sys/fs/cgroup/pids.current:99\n",
                     "/"),
            Filled(99, 100))
      << "a limit stays";
  EXPECT_EQ(tasks_in(std::string(status) + "later\n● docker.service - D\n  Tasks: 9 (limit: 20)\n"
                                           "   CGroup: /system.slice/docker.service\n",
                     "/system.slice/docker.service"),
            Filled(9, 20));
  EXPECT_EQ(tasks_in("$ cat /sys/fs/cgroup/pids.current 2>/dev/null\n5\n", "/"), Filled(5, 0));
}

TEST(PostedTasks, counted_by_commands_that_say_what) {
  const auto count = [](const std::string& text) {
    const Host host = posted(text);
    return host.tasks ? host.tasks->value : 0;
  };
  for (const char* text :
       {"$ ps -eLf | wc -l\n838\n", "# ps auxH | wc -l\n838\n", "- ps -eLF|wc -l\n- 838\n",
        "$ ls -1d /proc/*/task/* | wc -l\n838\n", "Threads: 838 total,   1 running\n",
        "$ more /proc/loadavg\n7.35 7.83 7.56 6/838 5393\n",
        "线程数：\n# ps -AT | wc -l\n\n838\n"}) {
    EXPECT_EQ(count(text), 838U) << text;
  }
  for (const char* text :
       {"$ ps -ef | wc -l\n838\n", "$ ps aux | wc -l\n838\n", "$ ps -u me -L | wc -l\n838\n",
        "$ ps -eLf | grep java | wc -l\n838\n", "$ ps -eLf | wc -l\n\nabout 838\n",
        "Threads: 838\n", "$ cat /proc/loadavg\n7.35 7.83\n",
        "$ ps -eLf | wc -l\n99999999999999999999999999\n"}) {
    EXPECT_EQ(count(text), 0U) << text;
  }
}

}  // namespace
}  // namespace whyoom::host
