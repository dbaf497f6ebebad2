#include "memory/memcg_stat.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace whyoom::memory {
namespace {

report::Memcg memcg_with(const std::vector<std::pair<std::string, std::uint64_t>>& bytes) {
  report::Memcg memcg;
  for (const auto& [name, value] : bytes) {
    memcg.stats.push_back({name, value, true, {0, 3}});
  }
  return memcg;
}

// To 5.3 each cgroup has a line of its own. The lines of those below it add up.
TEST(MemcgStat, HasThoseBelowOnce) {
  report::Memcg memcg = memcg_with({{"rss", 100}, {"cache", 40}});
  memcg.children = {{"rss", 30, true, {}}, {"cache", 5, true, {}}, {"rss", 2, true, {}}};
  EXPECT_EQ(memcg_stat(memcg, {"rss"})->value, Bytes(132));
  EXPECT_EQ(memcg_stat(memcg, {"cache"})->value, Bytes(45));
  memcg.hierarchical = true;
  EXPECT_EQ(memcg_stat(memcg, {"rss"})->value, Bytes(100)) << "they are in it";
}

TEST(MemcgStat, IsTheFirstOfTheNamesThatIsPrinted) {
  const report::Memcg memcg = memcg_with({{"rss", 100}, {"total_rss", 700}});
  EXPECT_EQ(memcg_stat(memcg, {"anon", "total_rss", "rss"})->value, Bytes(700));
  EXPECT_FALSE(memcg_stat(memcg, {"anon"}));
}

// The victim's own cgroup is one below the one whose limit was hit, and has no line.
TEST(MemcgStat, IsNotKnownWhereTheLineOfTheVictimsCgroupIsLost) {
  report::Memcg memcg = memcg_with({{"rss", 100}});
  const auto known = [&memcg](std::string task, std::string limit) {
    memcg.task_path = std::move(task);
    memcg.limit_path = std::move(limit);
    return memcg_stat(memcg, {"rss"}).has_value();
  };
  EXPECT_FALSE(known("/a/b", "/a"));
  EXPECT_TRUE(known("/a", "/a")) << "the line is its own";
  EXPECT_TRUE(known("/a/b", "")) << "whose limit it was is not known";
  EXPECT_TRUE(known("/ab", "/a")) << "not below it";
  memcg.children = {{"rss", 1, true, {}}};
  EXPECT_TRUE(known("/a/b", "/a"));
  memcg.children.clear();
  memcg.hierarchical = true;
  EXPECT_TRUE(known("/a/b", "/a")) << "since 5.4 the first has all";
}

// 1000 bytes of processes and 500 shared are on lists of 1900: 400 are in the swap cache, or of a
// process that is ending.
TEST(MemcgAnon, HasWhatTheListsHaveBeyondIt) {
  const auto anon = [](std::uint64_t usage_kib, const char* lost, std::uint64_t cached) {
    report::Memcg memcg = memcg_with({{"anon", 1'000 * 1'024},
                                      {"shmem", 500 * 1'024},
                                      {"active_anon", 1'200 * 1'024},
                                      {"inactive_anon", 700 * 1'024},
                                      {"file", 600 * 1'024},
                                      {"kernel", 100 * 1'024},
                                      {"swapcached", cached * 1'024}});
    std::erase_if(memcg.stats, [lost](const auto& stat) { return stat.name == lost; });
    if (usage_kib != 0) {
      memcg.memory.usage_kib = Read<std::uint64_t>{usage_kib, {0, 1}};
    }
    return to_kib(memcg_anon(memcg)->value).count();
  };
  EXPECT_EQ(anon(2'100, "", 0), 1'400U) << "1000 + 400 + 600 + 100 are paid for";
  EXPECT_EQ(anon(2'099, "", 0), 1'000U);
  EXPECT_EQ(anon(2'099, "", 250), 1'250U);
  EXPECT_EQ(anon(2'099, "", 401), 1'400U);
  EXPECT_EQ(anon(0, "", 0), 1'000U);
  EXPECT_EQ(anon(2'100, "swapcached", 0), 1'400U);
  for (const char* lost : {"shmem", "active_anon", "inactive_anon", "file", "kernel"}) {
    EXPECT_EQ(anon(2'100, lost, 0), 1'000U) << lost;
  }
  EXPECT_FALSE(memcg_anon(memcg_with({{"shmem", 1}, {"active_anon", 1}, {"inactive_anon", 1}})));
}

}  // namespace
}  // namespace whyoom::memory
