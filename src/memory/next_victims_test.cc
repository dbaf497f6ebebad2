#include "memory/next_victims.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::memory {
namespace {

host::Process& add(host::Host& host, std::int32_t pid, std::uint64_t rss_kib, int adj = 0) {
  host::Process process;
  process.pid = pid;
  process.state = 'S';
  process.uid = 1000;
  process.rss = KiB(rss_kib);
  process.oom_score_adj = adj;
  host.processes.all.push_back(process);
  return host.processes.all.back();
}

host::Host host_of() {
  host::Host host;
  host.release = Read<std::string>{"6.1.0", {}};
  host.page_size = PageSize{4096};
  host.meminfo.mem_total = Read<KiB>{KiB(4'000'000), {}};
  host.meminfo.swap_total = Read<KiB>{KiB(0), {}};
  return host;
}

std::vector<std::int32_t> pids(const host::Host& host) {
  std::vector<std::int32_t> result;
  for (const NextVictim& victim : next_victims(host, 3)) {
    result.push_back(victim.process->pid);
  }
  return result;
}

TEST(NextVictims, ByMemoryAndAdj) {
  host::Host host = host_of();
  add(host, 10, 100'000);
  add(host, 11, 50'000, 300);  // 1.2 GB more
  add(host, 12, 900'000, -500);
  add(host, 13, 90'000).swap = KiB(40'000);
  EXPECT_EQ(pids(host), (std::vector<std::int32_t>{11, 13, 10}));
  const auto first = next_victims(host, 1);
  EXPECT_EQ(first[0].memory, to_bytes(KiB(50'000)));
  EXPECT_EQ(first[0].score, std::int64_t{1024} * (50'000 + 300 * 4'000));
}

TEST(NextVictims, SomeAreNeverKilled) {
  host::Host host = host_of();
  add(host, 1, 900'000);
  add(host, 10, 800'000, -1000);
  add(host, 11, 700'000).kernel_thread = true;
  add(host, 12, 600'000).state = 'Z';
  add(host, 13, 10);
  EXPECT_EQ(pids(host), (std::vector<std::int32_t>{13}));
  EXPECT_EQ(pids(host_of()), (std::vector<std::int32_t>{}));
}

// What the kernel itself says wins: a process in vfork, or one that is on its way out, scores 0.
TEST(NextVictims, TheKernelsOwnScoreComesFirst) {
  host::Host host = host_of();
  add(host, 10, 900'000).oom_score = 0;
  add(host, 11, 20'000).oom_score = 670;
  add(host, 12, 21'000).oom_score = 670;
  EXPECT_EQ(pids(host), (std::vector<std::int32_t>{12, 11, 10}));
  host.processes.all[1].oom_score.reset();
  EXPECT_EQ(pids(host), (std::vector<std::int32_t>{10, 12, 11}));
}

TEST(NextVictims, BeforeThousandthsThePagesAreBounded) {
  host::Host host = host_of();
  host.release = Read<std::string>{"2.6.32", {}};
  add(host, 10, std::uint64_t{1} << 52U);
  EXPECT_EQ(next_victims(host, 1).at(0).memory, to_bytes(KiB(std::uint64_t{1} << 52U)));
  host.release = Read<std::string>{"6.1.0", {}};
  EXPECT_EQ(next_victims(host, 1).at(0).score, (std::int64_t{1} << 46U) * 4096);
}

TEST(NextVictims, OfTheSameScoreTheYoungestIsFirst) {
  host::Host host = host_of();
  add(host, 10, 5000).oom_score = 7;
  add(host, 11, 5000).oom_score = 7;
  add(host, 12, 6000).oom_score = 7;
  add(host, 13, 1).oom_score = 8;
  EXPECT_EQ(pids(host), (std::vector<std::int32_t>{13, 12, 11}));
  EXPECT_EQ(next_victims(host, 9).size(), 4U);
  host.processes.all[0].pid = 2;
  EXPECT_EQ(next_victims(host, 9).back().process->pid, 2);
  host.processes.all[0].oom_score.reset();
  host.processes.all[0].rss.reset();
  EXPECT_EQ(next_victims(host, 9).size(), 3U) << "nothing is known of it";
}

TEST(NextVictims, AllThatAProcessHoldsIsCounted) {
  host::Host host = host_of();
  host::Process& process = add(host, 10, 4000);
  process.swap = KiB(400);
  process.page_tables = KiB(40);
  EXPECT_EQ(next_victims(host, 1).at(0).memory, to_bytes(KiB(4440)));
  EXPECT_EQ(next_victims(host, 1).at(0).score, std::int64_t{1024} * 4440);
}

}  // namespace
}  // namespace whyoom::memory
