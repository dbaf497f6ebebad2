// The borders of what is told of a cgroup's counters.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "diagnose/cgroup.h"
#include "memory/test_report.h"

namespace whyoom::diagnose {
namespace {

using report::Kind;

// A cgroup with 1,000,000 kB, all used, and these numbers of kB.
report::Report full_memcg(const std::vector<std::pair<const char*, std::uint64_t>>& kib) {
  report::Report report;
  report.kind = Kind::memcg_oom_kill;
  report::Memcg& memcg = report.memcg.emplace();
  memcg.hierarchical = true;
  memcg.memory.usage_kib = memcg.memory.limit_kib = Read<std::uint64_t>{1'000'000, {0, 7}};
  for (const auto& [name, size] : kib) {
    memcg.stats.push_back({name, size * 1'024, true, {0, 8}});
  }
  return report;
}

std::optional<CgroupUse> found_in(const report::Report& report) {
  const memory::Evidence evidence = memory::from_report(report);
  const StoryContext story;
  return cgroup_of({evidence, report, story});
}

// Version 2 before 5.18 prints no `kernel`: more than half of the usage that no list has is that.
TEST(CgroupBorder, WhatTheListsLeaveIsTheKernels) {
  const auto rest_kib = [](std::uint64_t lists, std::uint64_t slab, const char* lost) {
    report::Report report = full_memcg({{"anon", 3'000},
                                        {"file", 0},
                                        {"shmem", 0},
                                        {"slab", slab},
                                        {"active_anon", lists},
                                        {"inactive_anon", 0},
                                        {"active_file", 0},
                                        {"inactive_file", 0},
                                        {"unevictable", 0}});
    std::erase_if(report.memcg->stats, [lost](const auto& stat) { return stat.name == lost; });
    const CgroupUse use = found_in(report).value();
    return use.kernel_is_rest ? to_kib(use.kernel->value).count() : 0;
  };
  EXPECT_EQ(rest_kib(499'999, 10, ""), 500'001U);
  EXPECT_EQ(rest_kib(500'000, 10, ""), 0U);
  EXPECT_EQ(rest_kib(1'000, 10, ""), 997'000U) << "processes have 3,000 kB";
  EXPECT_EQ(rest_kib(400'000, 599'999, ""), 600'000U);
  EXPECT_EQ(rest_kib(400'000, 600'000, ""), 0U) << "the slab has it all";
  for (const char* lost : {"anon", "file", "slab", "active_anon", "unevictable"}) {
    EXPECT_EQ(rest_kib(400'000, 10, lost), 0U) << lost;
  }
}

// Both are full; the one that refused a charge has counted it.
TEST(CgroupBorder, TheCounterThatRefusedIsTheOneThatDecides) {
  const auto decides = [](std::optional<std::uint64_t> memory, std::optional<std::uint64_t> memsw) {
    report::Report report = full_memcg({});
    const auto read = [](std::optional<std::uint64_t> value) {
      return value ? Maybe<std::uint64_t>(Read<std::uint64_t>{*value, {0, 7}}) : std::nullopt;
    };
    report.memcg->memory.failcnt = read(memory);
    report.memcg->memsw.usage_kib = report.memcg->memsw.limit_kib = read(1'500'000);
    report.memcg->memsw.failcnt = read(memsw);
    return found_in(report).value().swap_decides();
  };
  EXPECT_TRUE(decides(0, 1));
  EXPECT_FALSE(decides(0, 0));
  EXPECT_FALSE(decides(1, 1));
  EXPECT_FALSE(decides(std::nullopt, 1));
  EXPECT_FALSE(decides(0, std::nullopt));
}

TEST(CgroupBorder, MostIsAnonymousWhereTheRestIsNoMore) {
  const auto mostly = [](std::uint64_t anon, const char* lost) {
    report::Report report =
        full_memcg({{"anon", anon}, {"file", 3'000}, {"shmem", 500}, {"kernel", 2'000}});
    report.memcg->memory = {};
    std::erase_if(report.memcg->stats, [lost](const auto& stat) { return stat.name == lost; });
    return found_in(report).value().mostly_anon();
  };
  EXPECT_TRUE(mostly(5'000, "")) << "2,500 of files, 500 shared and 2,000 of the kernel";
  EXPECT_FALSE(mostly(4'999, ""));
  EXPECT_FALSE(mostly(5'000, "anon"));
  EXPECT_FALSE(mostly(5'000, "file"));
}

// The kubelet gives -997 to guaranteed pods, and from 500 on to small ones.
TEST(CgroupBorder, AKillLineAloneMayBeOfAPod) {
  const auto alone = [](std::optional<int> adj) {
    report::Report report;
    report.kind = Kind::memcg_oom_kill;
    report::Victim& victim = report.victims.emplace_back();
    victim.memcg = true;
    victim.oom_score_adj = adj;
    return found_in(report).value().alone;
  };
  EXPECT_FALSE(alone(-997));
  EXPECT_TRUE(alone(-996));
  EXPECT_TRUE(alone(std::nullopt));
  EXPECT_TRUE(alone(499));
  EXPECT_FALSE(alone(500));
}

// By the runtime that keeps the limit; the digits of its id are in the name of the cgroup.
TEST(CgroupBorder, TheRuntimesOwnCommandSetsTheLimitOfAContainer) {
  const auto command = [](const std::string& path) {
    CgroupUse use;
    use.limit_path = use.raw_limit_path = path;
    use.owner = memory::cgroup_owner(path);
    const Remedy remedy = raise_limit(use);
    return remedy.commands.empty() ? std::string() : remedy.commands.front().text();
  };
  const std::string id(64, 'a');
  const std::string shown(12, 'a');
  EXPECT_EQ(command("/machine.slice/libpod-" + id + ".scope"),
            "podman update " + shown + " --memory=<bytes>");
  EXPECT_EQ(command("/system.slice/docker-" + id + ".scope"),
            "docker update " + shown + " --memory=<bytes>");
  EXPECT_EQ(command("/isulad/" + id), "");
}

}  // namespace
}  // namespace whyoom::diagnose
