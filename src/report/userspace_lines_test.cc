#include "report/userspace_lines.h"

#include <gtest/gtest.h>

namespace whyoom::report {
namespace {

TEST(SystemdOomd, PressureAndSwap) {
  for (const char* text : {"Killed /user.slice/a.scope due to memory pressure for /user.slice "
                           "being 72.10% > 60.00% for "
                           "> 20s with reclaim activity",
                           "Marked /user.slice/a.scope for killing due to memory pressure for "
                           "/user.slice being 72.10% "
                           "> 60.00% for > 20s with reclaim activity"}) {
    const auto line = parse_userspace(text, "systemd-oomd", {0, 4});
    ASSERT_TRUE(line);
    EXPECT_FALSE(line->what.empty());
    EXPECT_EQ(line->killer, "systemd-oomd");
    EXPECT_EQ(line->victim, "/user.slice/a.scope");
    EXPECT_DOUBLE_EQ(line->pressure_percent.value(), 72.10);
    EXPECT_DOUBLE_EQ(line->pressure_limit_percent.value(), 60.0);
    EXPECT_EQ(line->at.line, 4U);
  }
  const auto swap = parse_userspace(
      "Killed /a.scope due to memory used (15449980928) / total (16437264384) and swap used "
      "(14808154112) / total (16436412416) being more than 90.00%",
      "", {});
  ASSERT_TRUE(swap);
  EXPECT_EQ(swap->mem_used, 15449980928U);
  EXPECT_EQ(swap->mem_total, 16437264384U);
  EXPECT_EQ(swap->swap_used, 14808154112U);
  EXPECT_EQ(swap->swap_total, 16436412416U);
}

TEST(Earlyoom, FactsThenKill) {
  const auto facts = parse_userspace(
      "mem avail:  1200 of 17518 MiB ( 6.85%), swap free: 13345 of 47119 MiB (28.32%)", "earlyoom",
      {});
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->what, "");
  EXPECT_DOUBLE_EQ(facts->mem_available_percent.value(), 6.85);
  EXPECT_DOUBLE_EQ(facts->swap_free_percent.value(), 28.32);
  EXPECT_EQ(facts->mem_total, 17518ULL << 20U);
  EXPECT_EQ(facts->swap_used, (47119ULL - 13345) << 20U);
  for (const char* text :
       {"sending SIGTERM to process 9994 uid 1000 \"we\"ird\": badness 1181, VmRSS 4568 MiB",
        "sending SIGKILL to process 9994 uid 1000 \"we\"ird\": oom_score 712, oom_score_adj 0, "
        "VmRSS "
        "4514 MiB, cmdline \"we ird --x\""}) {
    const auto kill = parse_userspace(text, "earlyoom", {});
    ASSERT_TRUE(kill);
    EXPECT_FALSE(kill->what.empty());
    EXPECT_EQ(kill->pid, 9994);
    EXPECT_EQ(kill->victim, "we\"ird");
  }
  EXPECT_FALSE(
      parse_userspace("sending SIGTERM when mem <= 10.00% and swap <= 10.00%,", "earlyoom", {}));
}

TEST(OtherKillers, NohangOomdKubelet) {
  EXPECT_FALSE(parse_userspace("  Sending SIGTERM to the victim", "nohang", {})->what.empty());
  EXPECT_DOUBLE_EQ(
      parse_userspace("  MemAvailable [520 MiB, 8.9 %] <= soft_threshold_min_mem [529 MiB, 9.0 %]",
                      "nohang", {})
          ->mem_available_percent.value(),
      8.9);
  EXPECT_FALSE(parse_userspace("  Sending SIGTERM to the victim", "", {}));
  const auto oomd = parse_userspace(
      "oomd kill: 91.02 40.10 9.50 system.slice/x.service 123456 ruleset:[a] detectorgroup:[b] "
      "killer:kill_by_memory_size_or_growth v2",
      "", {});
  ASSERT_TRUE(oomd);
  EXPECT_EQ(oomd->victim, "system.slice/x.service");
  EXPECT_DOUBLE_EQ(oomd->pressure_percent.value(), 91.02);
  const auto must = parse_userspace(
      "I0206 15:40:31.347812 3454 eviction_manager.go:355] \"Eviction manager: must evict pod(s) "
      "to "
      "reclaim\" resourceName=\"memory\"",
      "kubelet", {});
  ASSERT_TRUE(must);
  EXPECT_EQ(must->what, "");
  const auto evicted = parse_userspace(
      "I0206 15:40:33.1 3454 eviction_manager.go:575] \"Eviction manager: pod is evicted "
      "successfully\" pod=\"default/web-1\"",
      "kubelet[3454]", {});
  ASSERT_TRUE(evicted);
  EXPECT_EQ(evicted->victim, "default/web-1");
  EXPECT_FALSE(parse_userspace(
      "\"Eviction manager: must evict pod(s) to reclaim\" resourceName=\"ephemeral-storage\"",
      "kubelet", {}));
}

TEST(Userspace, ALineThatIsQuotedByAnotherProgramIsNotTheirs) {
  EXPECT_FALSE(
      parse_userspace("Killed /a.scope due to memory pressure for /a being 72.10% > 60.00% "
                      "for > 20s with reclaim activity",
                      "bash", {}));
  EXPECT_FALSE(parse_userspace("Killed by signal 15.", "", {}));
}

}  // namespace
}  // namespace whyoom::report
