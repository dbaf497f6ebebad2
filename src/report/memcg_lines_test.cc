#include "report/memcg_lines.h"

#include <gtest/gtest.h>

#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

TEST(TaskIn, WholeAndInTwoLines) {
  const auto line = parse_task_in("Task in /a/b c killed as a result of limit of /a");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->task_path, "/a/b c");
  EXPECT_EQ(line->limit_path, "/a");
  const auto first = parse_task_in("Task in /a/b");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->task_path, "/a/b");
  EXPECT_EQ(first->limit_path, "");
  const auto second = parse_task_in(" killed as a result of limit of /a");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->limit_path, "/a");
  const auto host = parse_task_in("Task in /user.slice killed as a result of limit of host");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->limit_path, "host");
  EXPECT_EQ(parse_task_in("Task in /a killed as a result of limit of hosts")->limit_path, "");
  EXPECT_FALSE(parse_task_in("Task in the queue"));
  EXPECT_FALSE(parse_task_in("Tasks in /a are going to be killed"));
}

TEST(MemcgCounters, EveryLine) {
  const auto memory =
      parse_memcg_counter("memory: usage 980kB, limit 1024kB, failcnt 4152239", {0, 6});
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->memory.usage_kib->value, 980U);
  EXPECT_EQ(memory->memory.limit_kib->value, 1024U);
  EXPECT_EQ(memory->memory.failcnt->value, 4152239U);
  EXPECT_EQ(memory->memory.failcnt->at.line, 6U);
  EXPECT_FALSE(memory->memsw.usage_kib || memory->swap.usage_kib || memory->kmem.usage_kib);
  EXPECT_TRUE(parse_memcg_counter("memory+swap: usage 1kB, limit 9007199254740988kB, failcnt 0", {})
                  ->memsw.usage_kib);
  EXPECT_TRUE(parse_memcg_counter("swap: usage 1kB, limit 2kB, failcnt 0", {})->swap.usage_kib);
  EXPECT_TRUE(parse_memcg_counter("kmem: usage 1kB, limit 2kB, failcnt 0", {})->kmem.usage_kib);
  const auto cut = parse_memcg_counter("memory: usage 980kB, lim", {});
  ASSERT_TRUE(cut);
  EXPECT_FALSE(cut->memory.limit_kib);
  EXPECT_FALSE(parse_memcg_counter("memory: usage is high", {}));
}

TEST(MemcgStats, OnOneLineBecomeBytes) {
  bool malformed = false;
  const auto line = parse_memcg_stats(
      "Memory cgroup stats for /a: b/c: cache:3KB rss:980KB swap:1KB unevictable:0KB", {0, 7},
      malformed);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->limit_path, "/a: b/c");
  ASSERT_EQ(line->stats.size(), 4U);
  EXPECT_EQ(line->stats[1].name, "rss");
  EXPECT_EQ(line->stats[1].value, 980U * 1024);
  EXPECT_TRUE(line->stats[1].bytes);
  EXPECT_FALSE(malformed);
  parse_memcg_stats("Memory cgroup stats for /a: cache:3KB rss:98", {}, malformed);
  EXPECT_TRUE(malformed);
}

TEST(MemcgStats, ThePathEndsBeforeValuesOfAnyName) {
  bool malformed = false;
  const auto path_of = [&malformed](std::string_view text) {
    const auto line = parse_memcg_stats(text, {}, malformed);
    return line && line->stats.empty() ? line->limit_path : "?";
  };
  EXPECT_EQ(path_of("Memory cgroup stats for /lab: anon:64512KB file:512KB kernel:512KB"), "/lab");
  EXPECT_TRUE(malformed);
  EXPECT_EQ(path_of("Memory cgroup stats for /a: b: anon:64512KB"), "/a: b");
  // A cut path may be that of a cgroup above.
  EXPECT_EQ(path_of("Memory cgroup stats for /lab: anon:645"), "");
  EXPECT_EQ(path_of("Memory cgroup stats for /la"), "");
}

TEST(MemcgStats, OneALine) {
  bool malformed = false;
  const auto title = parse_memcg_stats("Memory cgroup stats for /pod/x:", {}, malformed);
  ASSERT_TRUE(title);
  EXPECT_EQ(title->limit_path, "/pod/x");
  EXPECT_TRUE(title->stats.empty());
  EXPECT_TRUE(parse_memcg_stat("anon 534147072", {})->bytes);
  EXPECT_TRUE(parse_memcg_stat("pagetables 65536", {})->bytes);
  EXPECT_TRUE(parse_memcg_stat("hierarchical_memory_limit 1073741824", {})->bytes);
  EXPECT_FALSE(parse_memcg_stat("pgfault 8175", {})->bytes);
  EXPECT_FALSE(parse_memcg_stat("total_pgpgin 1", {})->bytes);
  EXPECT_FALSE(parse_memcg_stat("workingset_refault_file 21", {})->bytes);
  EXPECT_FALSE(parse_memcg_stat("thp_fault_alloc 0", {})->bytes);
  EXPECT_FALSE(parse_memcg_stat("exit code 1", {}));
  EXPECT_FALSE(parse_memcg_stat("Killed 9", {}));
}

TEST(LimitReached, GivesThePath) {
  const KernelLine line = read_line("Memory limit reached of cgroup /a b");
  EXPECT_EQ(line.kind, &limit_reached);
  EXPECT_EQ(line.as<Memcg>().limit_path, "/a b");
  EXPECT_EQ(read_line("Memory limit of cgroup").kind, &unknown_line);
}

}  // namespace
}  // namespace whyoom::report
