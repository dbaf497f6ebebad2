#include "report/openvz_lines.h"

#include <gtest/gtest.h>

#include <string>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::read_log;

TEST(OpenVz, WhatTheContainerIsTold) {
  const auto events = read_log(
                          "Jan  1 10:00:00 h kernel: OOM killed process 659 (java) vm:4973220kB, "
                          "rss:2066504kB, swap:0kB\n")
                          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::oom_kill);
  EXPECT_FALSE(events[0].known_global);  // its own limit, or the host
  EXPECT_EQ(events[0].victims[0].comm, "java");
  EXPECT_EQ(events[0].victims[0].rss_kib, 2066504U);
  EXPECT_FALSE(events[0].victims[0].score);
  EXPECT_TRUE(read_log("kernel: OOM killed process 659 (java)\n").events.empty());
}

TEST(OpenVz, ItsLines) {
  const auto victim = parse_ub_victim(
      "Out of memory in UB 1234: OOM killed process 21738 (php-cgi) score 0 vm:281988kB, "
      "rss:17004kB, swap:0kB",
      {0, 7});
  ASSERT_TRUE(victim);
  EXPECT_EQ(victim->victim.pid, 21738);
  EXPECT_EQ(victim->victim.comm, "php-cgi");
  EXPECT_EQ(victim->victim.score, 0);
  EXPECT_EQ(victim->victim.total_vm_kib, 281988U);
  EXPECT_EQ(victim->victim.resident(), KiB(17004));
  EXPECT_FALSE(victim->victim.anon_rss_kib);
  EXPECT_TRUE(victim->victim.memcg);
  EXPECT_EQ(victim->container, "UB 1234");
  const auto host = parse_ub_victim(
      "Out of memory in UB 0: OOM killed process 7 (a) score 0) score 5 vm:1kB, rss:2kB", {});
  ASSERT_TRUE(host);
  EXPECT_FALSE(host->victim.memcg);
  EXPECT_EQ(host->victim.comm, "a) score 0");
  EXPECT_EQ(host->victim.score, 5);

  const auto header =
      parse_ub_header("190708 (httpd.itk) invoked oom-killer in ub 103 generation 0 gfp 0x200d2");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->trigger.pid, 190708);
  EXPECT_EQ(header->trigger.comm, "httpd.itk");
  EXPECT_EQ(header->container, "UB 103");
  EXPECT_EQ(header->gfp->mask, 0x200d2U);
  EXPECT_EQ(parse_ub_rage("OOM killer in rage, 16 tasks killed in ub 1234")->tasks, 16U);
}

TEST(OpenVz, OthersAreNone) {
  EXPECT_FALSE(parse_ub_victim("Out of memory in UB 12: OOM killed process (a) score 0", {}));
  EXPECT_FALSE(parse_ub_victim("x Out of memory in UB 12: OOM killed process 7 (a) score 0", {}));
  EXPECT_FALSE(parse_ub_victim(
      "Out of memory in UB 12: OOM killed process 7 (a name as long as none) score 0", {}));
  EXPECT_FALSE(parse_ub_header("x 7 (a) invoked oom-killer in ub 1 generation 0 gfp 0x2"));
  EXPECT_FALSE(parse_ub_header("7 (a) invoked oom-killer in ub 1"));
  EXPECT_FALSE(parse_ub_rage("OOM killer in rage, 16 tasks killed in ub"));
  EXPECT_FALSE(parse_ub_rage("The OOM killer in rage, 16 tasks killed in ub 1"));
}

TEST(OpenVz, AContainerAtItsLimit) {
  constexpr std::string_view prefix = "Nov 24 12:17:04 hwnode kernel: [758955.65";
  const auto at = [prefix](std::string_view rest) {
    return std::string(prefix) + std::string(rest);
  };
  const auto events =
      read_log(
          at("3217] OOM killer in rage, 16 tasks killed in ub 1234\n") +
          at("3313] Out of memory in UB 1234: OOM \n") +
          "killed process 21738 (php-cgi) score 0 vm:281988kB, rss:17004kB, swap:0kB\n" +
          at("3320] Out of memory in UB 99: OOM killed process 8 (sh) score 1 vm:8kB, rss:4kB, "
             "swap:0kB\n") +
          at("3330] Out of memory in UB 1234: OOM killed process 21747 (php-cgi) score 0 "
             "vm:281988kB, rss:17008kB, swap:0kB\n"))
          .events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, Kind::memcg_oom_kill);
  EXPECT_EQ(events[0].outcome, Outcome::killed);
  ASSERT_TRUE(events[0].memcg);
  EXPECT_EQ(events[0].memcg->limit_path, "UB 1234");
  ASSERT_EQ(events[0].victims.size(), 2U);
  EXPECT_EQ(events[0].victims[0].pid, 21738);
  EXPECT_EQ(events[0].victims[0].resident(), KiB(17004));
  EXPECT_EQ(events[0].victims[1].pid, 21747);
  ASSERT_EQ(events[0].damage.size(), 1U);
  EXPECT_EQ(events[0].damage[0].what,
            "the kernel says that it killed 16 tasks; maybe not all of them are named");
  EXPECT_EQ(events[1].memcg->limit_path, "UB 99");
  EXPECT_EQ(events[1].victims.size(), 1U);
}

TEST(OpenVz, TheHeadOfItsReport) {
  const auto events =
      read_log(
          "[153084.054935] 190708 (httpd.itk) invoked oom-killer in ub 103 generation 0 gfp "
          "0x200d2\n"
          "[153084.054999] Out of memory in UB 103: OOM killed process 7 (httpd.itk) score 0 "
          "vm:8kB, rss:4kB, swap:0kB\n")
          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].trigger->comm, "httpd.itk");
  EXPECT_EQ(events[0].memcg->limit_path, "UB 103");
  EXPECT_EQ(events[0].victims.size(), 1U);
  // What another program says is none.
  EXPECT_TRUE(read_log("Nov 24 12:17:04 h app[7]: Out of memory in UB 9: OOM killed process 7 (a) "
                       "score 0 vm:8kB, rss:4kB, swap:0kB\n")
                  .events.empty());
}

}  // namespace
}  // namespace whyoom::report
