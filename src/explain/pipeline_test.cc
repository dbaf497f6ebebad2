// Logs as people post them: some lines of a report, and all of it.
#include "explain/pipeline.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace whyoom::explain {
namespace {

class Told : public Writer {
 public:
  void event(std::unique_ptr<diagnose::Event> event) override {
    events.push_back(std::move(event));
  }
  void quiet() override {}
  void finish(const render::Summary& /*summary*/) override {}

  std::vector<std::unique_ptr<diagnose::Event>> events;
};

Told told(const std::string& log, std::uint64_t* copies) {
  Told writer;
  Pipeline pipeline({}, writer, false);
  const auto reader = pipeline.reader("log");
  reader->feed(log);
  pipeline.account("log", reader->finish());
  pipeline.finish();
  *copies = pipeline.summary().copies;
  return writer;
}

std::string header(const std::string& stamp) {
  return stamp +
         "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n";
}

std::string kill(const std::string& stamp) {
  return stamp +
         "Memory cgroup out of memory: Killed process 812 (worker) total-vm:91020kB, "
         "anon-rss:50112kB, file-rss:904kB, shmem-rss:0kB, UID:5 pgtables:180kB oom_score_adj:0\n";
}

std::string whole(const std::string& stamp) {
  return header(stamp) + stamp + "memory: usage 51200kB, limit 51200kB, failcnt 77\n" + stamp +
         "Memory cgroup stats for /jobs:\n" + stamp + "anon 51314688\n" + stamp + "file 12288\n" +
         stamp +
         "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
         "oom_memcg=/jobs,task_memcg=/jobs,task=worker,pid=812,uid=5\n" +
         kill(stamp);
}

TEST(Pipeline, ALineBeforeItsWholeReportIsNoEventOfItsOwn) {
  const std::string prose = "\nAnd this is all of it:\n\n";
  for (const std::string stamp :
       {"[  620.000001] ", "Jun  3 04:05:06 box kernel: ", "[Tue Jun  3 04:05:06 2025] "}) {
    for (const std::string& excerpt :
         {header(stamp), kill(stamp), header(stamp) + kill(stamp), header(stamp) + "...\n"}) {
      SCOPED_TRACE(excerpt);
      std::uint64_t copies = 0;
      const Told writer = told(excerpt + prose + whole(stamp), &copies);
      ASSERT_EQ(writer.events.size(), 1U);
      ASSERT_TRUE(writer.events[0]->report.memcg);
      EXPECT_EQ(writer.events[0]->report.memcg->stats.size(), 2U);
      EXPECT_EQ(writer.events[0]->report.victims.size(), 1U);
    }
  }
}

TEST(Pipeline, WhatAProgramHandsOnStandsForNoReport) {
  const std::string handed_on = "2m  Warning  OOMKilling  node/box  " + kill("");
  const std::string stamp = "[  620.000001] ";
  for (const std::string& log : {handed_on + whole(stamp), whole(stamp) + handed_on}) {
    std::uint64_t copies = 0;
    const Told writer = told(log, &copies);
    ASSERT_EQ(writer.events.size(), 1U) << log;
    EXPECT_EQ(copies, 1U);
    EXPECT_TRUE(writer.events[0]->report.unverified.empty());
  }
}

TEST(Pipeline, AnotherEventIsNoCopy) {
  std::uint64_t copies = 0;
  const std::string cut = header("[  619.000001] ");
  EXPECT_EQ(told(cut + whole("[  620.000001] "), &copies).events.size(), 2U);
  EXPECT_EQ(
      told(header("Jun  3 04:05:05 box kernel: ") + whole("Jun  3 04:05:06 box kernel: "), &copies)
          .events.size(),
      2U);
  EXPECT_EQ(copies, 0U);
  // It waits for the next, and is told when none comes.
  EXPECT_EQ(told(cut, &copies).events.size(), 1U);
}

constexpr std::string_view machines_kill =
    "[  620.000001] Out of memory: Killed process 812 (mysqld) total-vm:910200kB, "
    "anon-rss:300000kB, file-rss:904kB, shmem-rss:0kB, UID:27 pgtables:900kB oom_score_adj:0\n";
constexpr std::string_view posted_host =
    "$ free -m\n"
    "              total        used        free      shared  buff/cache   available\n"
    "Mem:           3936         611        2874           8         450           0\n"
    "$ sysctl vm.min_free_kbytes\n"
    "vm.min_free_kbytes = 2097152\n";

TEST(Pipeline, WhatIsPostedWithALogTellsOfItsHost) {
  std::uint64_t copies = 0;
  const std::string kill_line(machines_kill);
  const std::string host(posted_host);
  for (const std::string& post : {host + kill_line, kill_line + host}) {
    const Told writer = told(post, &copies);
    ASSERT_EQ(writer.events.size(), 1U);
    EXPECT_EQ(writer.events[0]->root_cause, "min-free-too-high");
    EXPECT_EQ(writer.events[0]->verdict, diagnose::Verdict::likely);
  }
  const Told alone = told(kill_line, &copies);
  EXPECT_EQ(alone.events.at(0)->root_cause, "undetermined");
}

TEST(Pipeline, AHostBehindALongLogIsNotWaitedFor) {
  std::uint64_t copies = 0;
  std::string filler;
  while (filler.size() < std::size_t{64} << 10U) {
    filler += "[  621.000001] eth0: link is up\n";
  }
  const Told writer = told(std::string(machines_kill) + filler + std::string(posted_host), &copies);
  EXPECT_EQ(writer.events.at(0)->root_cause, "undetermined");
}

}  // namespace
}  // namespace whyoom::explain
