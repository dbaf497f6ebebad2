#include "report/userspace_lines.h"

#include <gtest/gtest.h>

#include "report/test_support.h"

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
  EXPECT_TRUE(parse_userspace("  Sending SIGTERM to the victim", "", {})->needs_facts);
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

// 6.0-rc1 counted pressure wrong.
TEST(SystemdOomd, BelievesNoShareBeyondTheWhole) {
  const auto kill = parse_userspace(
      "Killed /a.service due to memory pressure for /a.slice being 8812345678.25% > 50.00% for > "
      "20s with reclaim activity",
      "systemd-oomd", {});
  ASSERT_TRUE(kill);
  EXPECT_FALSE(kill->pressure_percent);
  EXPECT_EQ(kill->pressure_limit_percent, 50);
}

TEST(SystemdOomd, CutForTheConsole) {
  const auto used = parse_userspace(
      "Killed /system.slice/httpd.service due to memory used (32305733632) / total (33046",
      "systemd-oomd", {});
  ASSERT_TRUE(used);
  EXPECT_EQ(used->victim, "/system.slice/httpd.service");
  EXPECT_EQ(used->mem_used, 32305733632U);
  EXPECT_FALSE(used->mem_total);  // of a number at the cut end nobody knows the rest
  const std::string pressed = "Killed /a.service due to memory pressure";
  for (const std::string_view rest :
       {"", " f>", " for /a.sl", " for /a.slice be>", " for /a.slice being 64.15>"}) {
    const auto kill = parse_userspace(pressed + std::string(rest), "systemd-oomd", {});
    ASSERT_TRUE(kill) << rest;
    EXPECT_EQ(kill->victim, "/a.service");
    EXPECT_FALSE(kill->pressure_limit_percent);
  }
  EXPECT_FALSE(parse_userspace(pressed + " for a while", "systemd-oomd", {}));
  for (const std::string_view cut :
       {"Killed /user.slice/a.scope due t>", "Killed /user.slice/a.scope>"}) {
    const auto kill = parse_userspace(cut, "systemd-oomd", {});
    ASSERT_TRUE(kill) << cut;
    EXPECT_EQ(kill->victim, "/user.slice/a.scope");
    EXPECT_FALSE(parse_userspace(cut, "", {})) << "a shell may say so";
  }
  EXPECT_FALSE(parse_userspace("Killed ", "systemd-oomd", {}));
  // Of a terminal that cuts without a mark.
  EXPECT_EQ(parse_userspace("Killed /user.slice/a.sc", "systemd-oomd", {})->victim,
            "/user.slice/a.sc");
  EXPECT_FALSE(parse_userspace("Killed /user.slice/a.scope", "", {}));
  EXPECT_FALSE(parse_userspace("Killed a.scope", "systemd-oomd", {}));
  EXPECT_FALSE(parse_userspace("Marked /user.slice/a.scope", "systemd-oomd", {}));
  EXPECT_FALSE(
      parse_userspace("Killed due to memory used (1) / total (2) being x", "systemd-oomd", {}));
  EXPECT_FALSE(parse_userspace("Killed /a.service due to memory pressures", "systemd-oomd", {}));
  EXPECT_FALSE(parse_userspace("Killed a.service due to memory pressure", "", {}));
}

TEST(SystemdOomd, ThePressureStandsBeforeAKillThatIsCut) {
  const std::string pressure =
      "Sep 10 14:59:49 h systemd-oomd[34]: Memory pressure for /a.slice is 64.15% > 1.00% for > "
      "30s with reclaim activity\n";
  const auto killed =
      testing::read_log(pressure +
                        "Sep 10 14:59:49 h systemd-oomd[34]: Killed /a.slice/b.service due to "
                        "memory pressure for /a.slice be>\n")
          .events;
  ASSERT_EQ(killed.size(), 1U);
  EXPECT_EQ(killed[0].userspace->pressure_percent, 64.15);
  EXPECT_EQ(killed[0].userspace->pressure_limit_percent, 1.0);
  EXPECT_EQ(killed[0].outcome, Outcome::killed);
  // Another cgroup's, or of a kill that swap decided.
  for (const std::string other :
       {"Killed /c.slice/b.service due to memory pr>",
        "Killed /a.slice/b.service due to memory used (9) / total (10) and swap used (9) / total "
        "(10) being more than 90.00%"}) {
    const auto events =
        testing::read_log(pressure + "Sep 10 14:59:49 h systemd-oomd[34]: " + other + "\n").events;
    ASSERT_EQ(events.size(), 1U);
    EXPECT_FALSE(events[0].userspace->pressure_percent) << other;
  }
  EXPECT_TRUE(testing::read_log(pressure).events.empty()) << "no kill yet";
}

TEST(SystemdOomd, SaysThatItFailed) {
  const auto events = testing::read_log(
                          "Jan 09 14:32:25 H systemd-oomd[70]: Memory pressure for /a.slice is "
                          "74.23% > 20.00% for > 2s with reclaim activity\n"
                          "Jan 09 14:32:25 H systemd-oomd[70]: Failed to kill any cgroup(s) under "
                          "/a.slice based on pressure: No such device\n")
                          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].userspace->failed);
  EXPECT_EQ(events[0].outcome, Outcome::unknown);
  EXPECT_EQ(events[0].userspace->victim, "/a.slice");
  EXPECT_EQ(events[0].userspace->pressure_percent, 74.23);
  const auto swap = parse_userspace("Failed to kill any cgroups based on swap: Input/output error",
                                    "systemd-oomd", {});
  ASSERT_TRUE(swap);
  EXPECT_TRUE(swap->failed);
  EXPECT_EQ(swap->victim, "/");
  for (const char* other :
       {"Failed to kill any cgroup", "Failed to kill control group /a, ignoring",
        "Failed to kill any cgroup(s) under /a"}) {
    EXPECT_FALSE(parse_userspace(other, "systemd-oomd", {})) << other;
  }
}

TEST(Earlyoom, BeforeItsSentenceOfToday) {
  for (const char* text :
       {"Killing process: my bash, pid: 5874, badness: 538, VmRSS: 3160 MiB",
        "Killing process 'my bash' with signal 15, pid: 5874, badness: 538, VmRSS: 3160 MiB",
        "killing process 5874 \"my bash\" with signal 15: badness 550, VmRSS 7609 MiB",
        "sending SIGTERM to process 5874 \"my bash\": badness 550, VmRSS 7609 MiB"}) {
    const auto kill = parse_userspace(text, "", {});
    ASSERT_TRUE(kill) << text;
    EXPECT_EQ(kill->killer, "earlyoom");
    EXPECT_EQ(kill->pid, 5874) << text;
    EXPECT_EQ(kill->victim, "my bash") << text;
    EXPECT_FALSE(kill->needs_facts);
  }
  const auto first = parse_userspace("Killing process 5874 bash", "earlyoom", {});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->pid, 5874);
  EXPECT_EQ(first->victim, "bash");
  EXPECT_FALSE(first->needs_facts);
  EXPECT_EQ(parse_userspace("Killing process 5874 (bash)", "earlyoom", {})->victim, "bash");
  EXPECT_EQ(parse_userspace("Killing process 5874 ((sd-pam))", "earlyoom", {})->victim, "(sd-pam)");
  EXPECT_TRUE(parse_userspace("Killing process 5874 bash", "", {})->needs_facts);
  EXPECT_FALSE(parse_userspace("Killing process group", "earlyoom", {}));
  EXPECT_FALSE(
      parse_userspace("Will avoid killing process names that match regex 'a'", "earlyoom", {}));
}

TEST(Nohang, EveryForm) {
  for (const char* text :
       {"  PID: 903309, name: a, b, badness: 849", "  PID: 903309, Name: a, b, badness: 849",
        "PID:       903309, name: a, b, state: S, EUID: 0",
        "  Victim is a, b, pid: 903309, badness: 849, VmRSS: 1 MiB, VmSwap: 0 MiB"}) {
    const auto facts = parse_userspace(text, "", {});
    ASSERT_TRUE(facts) << text;
    EXPECT_EQ(facts->victim, "a, b") << text;
    EXPECT_EQ(facts->pid, 903309) << text;
    EXPECT_EQ(facts->what, "");
  }
  for (const char* text :
       {"Sending SIGKILL to the victim", "Sending SIGTERM to the victim; OK; response time: 9 ms",
        "  Send SIGTERM to the victim; total response time: 2255 ms"}) {
    EXPECT_FALSE(parse_userspace(text, "nohang-desktop[12]", {})->what.empty()) << text;
  }
  for (const char* text :
       {"Sending SIGTERM to the victim; no such process; response time: 9 ms",
        "Sending SIGTERM to the victim's parent", "Sending mail to the victim"}) {
    EXPECT_FALSE(parse_userspace(text, "nohang", {})) << text;
  }
  EXPECT_FALSE(parse_userspace("PID: 12", "", {}));
  EXPECT_FALSE(parse_userspace("Name: mail", "", {}));
}

TEST(Nohang, ItsCommandAndWhatCameOfIt) {
  const std::string log =
      "Nov 23 07:41:32 web1 nohang[12]: MemAvailable [520 MiB, 8.9 %] <= soft_threshold_min_mem\n"
      "Nov 23 07:41:32 web1 nohang[12]:   Name:      nginx\n"
      "Nov 23 07:41:32 web1 nohang[12]:   PID:       123\n";
  const std::string command =
      "Nov 23 07:41:32 web1 nohang[12]:   Executing the command: systemctl restart nginx\n";
  const auto ran = testing::read_log(log + command).events;
  ASSERT_EQ(ran.size(), 1U);
  EXPECT_TRUE(ran[0].userspace->by_command);
  EXPECT_EQ(ran[0].userspace->pid, 123);
  EXPECT_EQ(ran[0].outcome, Outcome::unknown);
  EXPECT_TRUE(testing::read_log(command).events.empty()) << "of no victim";
  const std::string sent =
      "Nov 23 07:41:32 web1 nohang[12]:   Sending SIGTERM to the victim\n"
      "Nov 23 07:41:32 web1 nohang[12]: ";
  EXPECT_EQ(testing::read_log(log + sent + "OK; total response time: 3ms\n").events.size(), 1U);
  for (const std::string undone : {"Selected process died before corrective action",
                                   "Cannot send a signal: PermissionError"}) {
    EXPECT_TRUE(testing::read_log(log + sent + undone + "\n").events.empty()) << undone;
  }
}

TEST(Android, DriverAndDaemon) {
  const std::pair<const char*, const char*> lines[] = {
      {"Kill 'com.x' (17933), uid 10446, oom_score_adj 0 to free 140528kB rss, 37404kB swap; "
       "reason: "
       "device is not responding",
       "lowmemorykiller"},
      {"Reclaim 'com.x' (17933), uid 10112, oom_score_adj 975, state 19 to free 19252kB rss",
       "lmkd"},
      {"I lowmemorykiller: Killing 'com.x' (17933), uid 10001, adj 906", ""},
      {"I/lowmemorykiller(  200): Killing 'com.x' (17933), uid 10001, adj 906", ""},
      {"lowmemorykiller: Killing 'com.x' (17933), adj 904,", "kernel"},
      {"lowmemorykiller: Killing 'com.x' (17933) (tgid 17933), adj 904,", ""},
      {"lowmemorykiller: send sigkill to 17933 (com.x), adj 12, size 4321", ""},
      {"send sigkill to 17933 (com.x), adj 12, size 4321", ""},
      {"send sigkill to 17933 (com.x), oom_adj 12, score_adj 705, size 4321", "kernel"},
      {"Killing 'com.x' (17933), adj 904,", "kernel"},
      {"Killing 'com.x' (17933), adj 14, score_adj 823,", ""}};
  for (const auto& [text, tag] : lines) {
    const auto kill = parse_userspace(text, tag, {});
    ASSERT_TRUE(kill) << text;
    EXPECT_EQ(kill->killer, android_killer);
    EXPECT_EQ(kill->victim, "com.x") << text;
    EXPECT_EQ(kill->pid, 17933) << text;
  }
  const auto lmkd = parse_userspace(
      "Kill 'com.x' (17933), uid 0, oom_score_adj 1000 to free 2740708kB rss, 90208kB swap; "
      "reason: "
      "low watermark is breached and swap is low (144184kB < 267412kB)  ",
      "lowmemorykiller", {});
  EXPECT_EQ(lmkd->reason, "low watermark is breached and swap is low (144184kB < 267412kB)");
  EXPECT_EQ(lmkd->victim_resident, 2740708U * 1024ULL);
  EXPECT_EQ(lmkd->victim_swap, 90208U * 1024ULL);
  const auto older = parse_userspace(
      "Kill 'com.x' (17933), uid 0, oom_score_adj 9 to free 7kB rss, ", "lowmemorykiller", {});
  EXPECT_EQ(older->reason, "");
  EXPECT_EQ(older->victim_resident, 7168U);
  EXPECT_FALSE(older->victim_swap);
  for (const char* text :
       {"lowmemorykiller: select 'com.x' (17933), adj 904, size 12, to kill",
        "Kill 'com.x' (17933), uid 10446, oom_score_adj 0 to free 140528kB", "l", "",
        "lowmemorykiller: lowmem_shrink: convert oom_adj to oom_score_adj:",
        "lowmemorykiller: Killing 'com.x' because it is large",
        "Killing 'com.x' (17933), uid 10001, adj 906", "Killing 'com.x' (17933) because of adj 3",
        "send sigkill to 17933", "send sigkill to the adj group, size 3"}) {
    EXPECT_FALSE(parse_userspace(text, "", {})) << text;
  }
}

std::vector<Report> killed_in(std::string_view log) { return testing::read_log(log).events; }

TEST(Talos, ItsControllerKillsCgroups) {
  const auto kill = parse_userspace(
      R"([talos] Sending SIGKILL to cgroup {"component": "controller-runtime", "controller": )"
      R"("runtime.OOMController", "cgroup": "/sys/fs/cgroup/kubepods/burstable/pod77f0"})",
      "", {});
  ASSERT_TRUE(kill);
  EXPECT_EQ(kill->killer, "Talos");
  EXPECT_EQ(kill->victim, "/kubepods/burstable/pod77f0");
  EXPECT_FALSE(kill->pid);
  for (const char* other : {"[talos] OOM controller triggered {\"component\": \"x\"}",
                            "[talos] Sending SIGKILL to cgroup {\"component\": \"x\"}",
                            "Unwedging vpn: sending SIGKILL to cgroup"}) {
    EXPECT_FALSE(parse_userspace(other, "", {})) << other;
  }
}

TEST(Userspace, WhatOthersSayTooCountsBehindFacts) {
  EXPECT_TRUE(killed_in("Killing process 5874 bash\nSending SIGTERM to the victim\n").empty());
  EXPECT_EQ(
      killed_in("Out of memory! avail: 90 MiB < min: 100 MiB\nKilling process 5874 bash\n").size(),
      1U);
  const auto nohang =
      killed_in("  PID: 9, name: a, badness: 849\n  Sending SIGTERM to the victim\n");
  ASSERT_EQ(nohang.size(), 1U);
  EXPECT_EQ(nohang[0].userspace->victim, "a");
}

TEST(Earlyoom, AKillThatFailedIsNone) {
  const std::string kill =
      "Nov 12 17:08:27 h earlyoom[1]: sending SIGTERM to process 9 uid 1 \"java\": badness 1, "
      "VmRSS "
      "4 MiB\n";
  EXPECT_EQ(killed_in(kill).size(), 1U);
  EXPECT_EQ(killed_in(kill + "Nov 12 17:08:28 h earlyoom[1]: process 9 exited after 0.1 seconds\n")
                .size(),
            1U);
  for (const std::string said :
       {"17:08:37 h earlyoom[1]: process 9 did not exit\n",
        "17:08:27 h earlyoom[1]: kill failed: Operation not permitted\n",
        "17:08:27 h earlyoom[1]: dryrun, not actually sending any signal\n"}) {
    EXPECT_TRUE(killed_in(kill + "Nov 12 " + said).empty()) << said;
    const auto next = killed_in(kill + "Nov 12 " + said + kill);
    ASSERT_EQ(next.size(), 1U) << said;  // the next try
    EXPECT_TRUE(next[0].userspace->failed);
    EXPECT_EQ(next[0].outcome, Outcome::unknown);
    const auto ended = killed_in(kill + "Nov 12 " + said + kill +
                                 "Nov 12 17:08:28 h earlyoom[1]: process 9 exited after 0.1 s\n");
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_FALSE(ended[0].userspace->failed);
    EXPECT_EQ(ended[0].outcome, Outcome::killed);
  }
  // Much later it is not of that kill.
  EXPECT_EQ(killed_in(kill + "Nov 12 18:00:00 h earlyoom[1]: process 9 did not exit\n").size(), 1U);
}

TEST(Earlyoom, ATimeThatEndsInAColonLeavesItsLineWhole) {
  const auto events = killed_in(
      "Jun 12 06:39:16: mem avail:    19 of   950 MiB ( 2.10%), swap free:  153 of 1023 MiB "
      "(14.96%)\n"
      "Jun 12 06:39:16: sending SIGTERM to process 696 uid 1001 \"ipfs\": badness 757, VmRSS 637 "
      "MiB\n"
      "Jun 12 06:39:26: kill failed: Timer expired\n"
      "Jun 12 06:39:26: mem avail:    24 of   950 MiB ( 2.58%), swap free:   89 of 1023 MiB ( "
      "8.76%)\n"
      "Jun 12 06:39:26: sending SIGTERM to process 696 uid 1001 \"ipfs\": badness 799, VmRSS 656 "
      "MiB\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].first_line, 5U);
  EXPECT_EQ(events[0].host, "");
  EXPECT_TRUE(events[0].userspace->failed);
  EXPECT_EQ(events[0].userspace->mem_available_percent, 2.58);
  EXPECT_EQ(events[0].userspace->swap_free_percent, 8.76);
}

TEST(Earlyoom, WhatTheKernelKilledItDidNot) {
  const std::string kill =
      "Nov 12 17:08:27 h earlyoom[1]: sending SIGTERM to process 9 uid 1 \"java\": badness 1, "
      "VmRSS 4 MiB\n";
  const std::string header =
      "17:08:28 h kernel: sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
      "oom_score_adj=0\nNov 12 ";
  const std::string victim =
      "h kernel: Out of memory: Killed process 9 (java) total-vm:9kB, anon-rss:8kB, file-rss:0kB, "
      "shmem-rss:0kB\n";
  for (const std::string& told : {std::string(), header}) {
    const auto events = killed_in(kill + "Nov 12 " + told + "17:08:29 " + victim);
    ASSERT_EQ(events.size(), 1U) << told;
    EXPECT_EQ(events[0].kind, Kind::oom_kill);
    ASSERT_TRUE(events[0].userspace) << "it had sent it a signal";
    EXPECT_EQ(events[0].userspace->victim, "java");
  }
  // Another process, or one of its number much later.
  const std::string other =
      "Nov 12 17:08:27 h earlyoom[1]: sending SIGTERM to process 8 uid 1 "
      "\"sh\": badness 1, VmRSS 4 MiB\n";
  EXPECT_EQ(killed_in(other + "Nov 12 " + header + "17:08:29 " + victim).size(), 2U);
  EXPECT_EQ(killed_in(kill + "Nov 12 17:28:29 " + victim).size(), 2U);
}

TEST(Userspace, TheDriverOfAndroidIsTheKernels) {
  const auto events = killed_in(
      "<6>[ 1234.567890] lowmemorykiller: Killing 'com.x.y' (1234), adj 906,\n"
      "<6>[ 1234.567890]    to free 12345kB on behalf of 'kswapd0' (71) because\n"
      "<6>[ 1234.567890]    cache 71234kB is below limit 73728kB for oom_score_adj 906\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].userspace->pid, 1234);
  EXPECT_EQ(
      killed_in("Jun 19 10:00:00 h kernel: lowmemorykiller: Killing 'a' (7), adj 906,\n").size(),
      1U);
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
