#include "report/symptoms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/log_reader.h"

namespace whyoom::report {
namespace {

using What = Symptom::What;

TEST(Symptoms, OfAUnit) {
  const std::pair<std::string_view, What> lines[] = {
      {"a.service: A process of this unit has been killed by the OOM killer.", What::unit_killed},
      {"a.service: The kernel OOM killer killed some processes in this unit.", What::unit_killed},
      {"a.service: systemd-oomd killed 134 process(es) in this unit.", What::unit_killed_by_oomd},
      {"web1 systemd[1]: a.service: Failed with result 'oom-kill'.", What::unit_failed},
  };
  for (const auto& [text, what] : lines) {
    const auto symptom = parse_symptom(text, 7);
    ASSERT_TRUE(symptom) << text;
    EXPECT_EQ(symptom->what, what) << text;
    EXPECT_EQ(symptom->unit, "a.service");
    EXPECT_EQ(symptom->line, 7U);
  }
  for (const std::string_view text :
       {"a.service: Failed with result 'exit-code'.",
        ": A process of this unit has been killed by the OOM killer.",
        "web1.example.com: A process of this unit has been killed by the OOM killer."}) {
    EXPECT_FALSE(parse_symptom(text, 1)) << text;
  }
}

TEST(Symptoms, OfAStepOfSlurm) {
  for (const std::string_view text :
       {"slurmstepd: error: Detected 1 oom-kill event(s) in StepId=14.batch cgroup. Some of your "
        "processes may have been killed by the cgroup out-of-memory handler.",
        "slurmstepd: error: Detected 1587 oom-kill event(s) in StepId=14.batch. Some of your",
        "slurmstepd: error: Detected 1 oom_kill event in StepId=14.batch. Some of the step "
        "tasks",
        "it ends with slurmstepd: error: Detected 2 oom_kill events in StepId=14.batch. Some"}) {
    const auto symptom = parse_symptom(text, 1);
    ASSERT_TRUE(symptom) << text;
    EXPECT_EQ(symptom->what, What::unit_killed);
    EXPECT_EQ(symptom->unit, "StepId=14.batch") << text;
  }
  EXPECT_FALSE(parse_symptom("Detected oom-kill event(s) in your job?", 1));
  EXPECT_FALSE(parse_symptom("Detected ", 1));
}

TEST(Symptoms, OfAPodThatWasEvicted) {
  const auto symptom = parse_symptom(
      "Message:  The node was low on resource: memory. Container a was using 43536Ki, which", 1);
  ASSERT_TRUE(symptom);
  EXPECT_EQ(symptom->what, What::pod_evicted);
  EXPECT_FALSE(parse_symptom("The node was low on resource: ephemeral-storage. Container a", 1));
}

TEST(Symptoms, OfContainers) {
  for (const std::string_view text :
       {"      Reason:       OOMKilled", "            \"OOMKilled\": true,",
        R"({\"OOMKilled\":true})", R"([{"OOMKilled":false},{"OOMKilled":true}])",
        "'OOMKilled': True", R"("reason":"OOMKilled")", "web-1   0/1   OOMKilled   3   5m"}) {
    const auto symptom = parse_symptom(text, 1);
    ASSERT_TRUE(symptom) << text;
    EXPECT_EQ(symptom->what, What::container_killed) << text;
  }
  for (const std::string_view text :
       {"            \"OOMKilled\": false,", R"({\"OOMKilled\":false})", "'OOMKilled': False",
        R"(kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} 0)",
        "sudo: root : COMMAND=/usr/bin/grep OOMKilled /var/log/a", "OOMKilled=0",
        "If a pod is OOMKilled, raise its limit."}) {
    EXPECT_FALSE(parse_symptom(text, 1)) << text;
  }
}

TEST(Symptoms, OfTasksAndMemory) {
  const std::pair<std::string_view, What> lines[] = {
      {"bash: fork: retry: Resource temporarily unavailable", What::no_process},
      {"-bash: fork: Resource temporarily unavailable", What::no_process},
      {"java.lang.OutOfMemoryError: unable to create new native thread", What::no_thread},
      {"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory",
       What::no_thread},
      {"RuntimeError: can't start new thread", What::no_thread},
      {"runtime: failed to create new OS thread (have 8 already; errno=11)", What::no_thread},
      {"Failed to start thread - pthread_create failed (EAGAIN) for attributes", What::no_thread},
      {"-bash: fork: retry: Aucun processus enfant", What::no_process},
      {"bash: fork: Cannot allocate memory", What::no_memory},
      {"-bash: fork: 无法分配内存", What::no_memory},
      {"os::commit_memory(...) failed; error='Cannot allocate memory' (errno=12)", What::no_memory},
      {"os::commit_memory(...) failed; error='Not enough space' (errno=12)", What::no_memory},
      {"# There is insufficient memory for the Java Runtime Environment to continue.",
       What::no_memory},
      {"- MemTotal:       26809844 kB", What::posted_state},
      {">         total        used        free      shared  buff/cache   available",
       What::posted_state},
      {"total used free shared buffers cached", What::posted_state},
      {"              总计         已用        空闲      共享    缓冲/缓存    可用",
       What::posted_state},
      {"Mem:    48168M total, 48015M used,   152M free,  173M buffers", What::posted_state},
      {"KiB Mem : 16266276 total,   150480 free, 14920320 used,  1195476 buff/cache",
       What::posted_state},
      {">     Tasks: 502 (limit: 512)", What::posted_state},
  };
  for (const auto& [text, what] : lines) {
    const auto symptom = parse_symptom(text, 1);
    ASSERT_TRUE(symptom) << text;
    EXPECT_EQ(symptom->what, what) << text;
  }
  EXPECT_FALSE(parse_symptom("MemTotal: much", 1));
  EXPECT_FALSE(parse_symptom("node1 MemTotal: 5 kB", 1)) << "`check` would not take it";
  EXPECT_FALSE(parse_symptom("Mem:            967          30         936", 1)) << "of what?";
  EXPECT_FALSE(parse_symptom("KiB Mem :  total used free", 1)) << "top";
  EXPECT_FALSE(parse_symptom("Tasks: 320 total,   1 running, 319 sleeping", 1)) << "no memory";
  EXPECT_FALSE(parse_symptom("Tasks: 502 (limit: many)", 1));
  EXPECT_FALSE(parse_symptom("总计三次", 1));
  EXPECT_FALSE(parse_symptom("total used memory", 1));
  EXPECT_FALSE(parse_symptom("total used free shared buffers cached Mem: 5 4 1 0 1 2", 1))
      << "`check` would not take it";
  EXPECT_FALSE(parse_symptom("set it to half of MemTotal", 1));
  EXPECT_FALSE(parse_symptom("12 kB", 1));
  EXPECT_FALSE(parse_symptom("read: Resource temporarily unavailable", 1));
  EXPECT_FALSE(parse_symptom("write failed; error='Not enough space' (errno=28)", 1));
  EXPECT_FALSE(parse_symptom("insufficient memory for the Java heap dump, skipped", 1));
  EXPECT_FALSE(parse_symptom("gh repo fork: retry with --clone", 1));
}

TEST(Symptoms, OfARequestAboveTheLargestBlock) {
  const auto is_one = [](const std::string& text) {
    const auto symptom = parse_symptom(text, 1);
    return symptom && symptom->what == What::too_large;
  };
  const std::string warning = "WARNING: CPU: 3 PID: 19257 at ";
  EXPECT_TRUE(is_one(warning + "mm/page_alloc.c:4724 __alloc_pages_nodemask+0x1ee/0x320"));
  EXPECT_TRUE(is_one(warning + "/build/linux/mm/page_alloc.c:5534 __alloc_pages+0x23a/0x260"));
  EXPECT_TRUE(is_one("WARNING: mm/page_alloc.c:5190 at __alloc_frozen_pages_noprof+0x2f8/0x310"));
  EXPECT_FALSE(is_one(warning + "mm/page_alloc.c:3843 rmqueue+0x96/0x1260")) << "__GFP_NOFAIL";
  EXPECT_FALSE(is_one(warning + "mm/page_alloc.c:4200 __alloc_pages_slowpath+0x9fa/0x2250"));
  EXPECT_FALSE(is_one("WARNING: mm/page_alloc.c:1433 at __free_frozen_pages+0x78e/0xe10"));
  EXPECT_FALSE(is_one("see mm/page_alloc.c:4724 __alloc_pages_nodemask+0x1ee/0x320"));
}

TEST(Symptoms, OfAnObjectOverSeveralLines) {
  for (const std::string_view text : {"[\n    {\n        \"State\": {\n            \"OOMKilled\": "
                                      "true,\n            \"Error\": \"\"\n"
                                      "        }\n    }\n]\n",
                                      "{\n    \"lastState\": {\n        \"reason\": "
                                      "\"OOMKilled\",\n        \"exitCode\": 137\n    }\n}\n"}) {
    LogReader reader("x.json", [](Report&&) {});
    reader.feed(text);
    const Symptoms symptoms = reader.finish().symptoms;
    ASSERT_TRUE(symptoms.of(What::container_killed)) << text;
    EXPECT_EQ(symptoms.of(What::container_killed)->count, 1U) << text;
  }
}

TEST(Symptoms, OfTheKernelsLinesWithoutAReport) {
  const std::pair<std::string_view, What> lines[] = {
      {"ath: skbuff alloc of size 1974 failed", What::driver_refused},
      {"mvneta d0074000.ethernet eth0: Can't allocate skb on queue 0", What::driver_refused},
      {"rtw_8723du 1-1:1.2: failed to allocate rx_skb 1", What::driver_refused},
      {"NVRM: nvCheckOkFailedNoLog: Check failed: Out of memory [NV_ERR_NO_MEMORY] (0x00000051)",
       What::driver_refused},
      {"Write-error on swap-device (254:0:7624)", What::swap_refused},
      {"zram: Error allocating memory for compressed page: 12345, size=2048", What::swap_refused},
      {"Under memory pressure, flushing caches.", What::short_of_memory},
      {"HugePages_Total:    1000", What::posted_state}};
  for (const auto& [text, what] : lines) {
    const auto symptom = parse_symptom(text, 1);
    ASSERT_TRUE(symptom) << text;
    EXPECT_EQ(symptom->what, what) << text;
  }
  for (const std::string_view text :
       {" __alloc_skb+0x4c/0x190", "skb: allocated 3 of 4", "failed to allocate a buffer",
        "Read-error on swap-device (254:0:7624)", "HugePages_Total: many", "HugePages_Totals: 3",
        "HugeTLB: registered 2.00 MiB page size, pre-allocated 0 pages"}) {
    EXPECT_FALSE(parse_symptom(text, 1)) << text;
  }
}

TEST(Symptoms, WithNumbers) {
  const auto pages = parse_symptom(
      "HugeTLB: allocating 64 of page size 1.00 GiB failed.  Only allocated 12 hugepages.", 1);
  ASSERT_TRUE(pages);
  EXPECT_EQ(pages->what, What::fewer_hugepages);
  EXPECT_EQ(pages->asked, 64U);
  EXPECT_EQ(pages->got, 12U);
  const std::string data = "mmap: my: cat (1234): VmData 34603008 exceed data ulimit 33554432. ";
  const auto limit =
      parse_symptom(data + "Update limits or use boot option ignore_rlimit_data.", 1);
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->what, What::data_limit);
  EXPECT_EQ(limit->unit, "my: cat (1234)");
  EXPECT_EQ(limit->asked, 34603008U);
  EXPECT_EQ(limit->got, 33554432U);
  const auto node = parse_symptom(
      "Warning  SystemOOM  3m57s  kubelet  System OOM encountered, victim process: "
      "stress-ng-vm, pid: 3103923",
      1);
  ASSERT_TRUE(node);
  EXPECT_EQ(node->what, What::node_killed);
  EXPECT_EQ(node->unit, "stress-ng-vm");
  const auto unnamed = parse_symptom("Warning  SystemOOM  9m  kubelet  System OOM encountered", 1);
  ASSERT_TRUE(unnamed);
  EXPECT_EQ(unnamed->what, What::node_killed);
  EXPECT_EQ(unnamed->unit, "");
  EXPECT_FALSE(parse_symptom(data + "Update limits.", 1)) << "ignore_rlimit_data: it was given";
  EXPECT_FALSE(parse_symptom(data + "Will be forbidden soon.", 1));
  EXPECT_FALSE(parse_symptom("HugeTLB: allocating 64 of page size 1.00 GiB failed.", 1));
}

// A name that stands before the kernel's words makes them that program's.
TEST(Symptoms, OfTheKernelsWordsInAProgramsMouth) {
  const auto told = [](std::string_view line) {
    LogReader reader("x.log", [](Report&&) { ADD_FAILURE() << "an event"; });
    reader.feed(line);
    reader.feed("\n");
    return reader.finish().symptoms.of(What::told_by_program);
  };
  const std::string kill = "Out of memory: Killed process 12 (x) total-vm:1kB, anon-rss:1kB";
  for (const std::string before : {"systemd[1]: Nov 23 07:41:31 web1 kernel: ",
                                   "systemd[1]: [ 1234.567890] ", "systemd[1]: "}) {
    const auto symptom = told("Nov 23 07:41:32 web1 " + before + kill);
    ASSERT_TRUE(symptom) << before;
    EXPECT_EQ(symptom->unit, "systemd") << before;
  }
  EXPECT_TRUE(told("Nov 23 07:41:32 web1 app[9]: x invoked oom-killer: gfp_mask=0xcc0, order=0"));
  EXPECT_FALSE(told("Nov 23 07:41:32 web1 app[9]: out of memory: will kill process x"));
  EXPECT_FALSE(told("Nov 23 07:41:32 web1 app[9]: Killed process 12 of my own"));
}

// They are told of a log without an event, those of kills also from behind much else.
TEST(Symptoms, AreInTheAccountOfALogWithoutAnEvent) {
  std::string log = "Mar  3 04:12:08 web1 sshd[9]: error: fork: Cannot allocate memory\n";
  for (int i = 0; i < 20000; ++i) {
    log += "Mar  3 04:12:09 web1 app[7]: request " + std::to_string(i) + " was answered in 3 ms\n";
  }
  log +=
      "Mar  3 04:12:10 web1 systemd[1]: a.service: A process of this unit has been killed by the "
      "OOM "
      "killer.\n";
  log += "Mar  3 04:12:10 web1 systemd[1]: a.service: Failed with result 'oom-kill'.\n";
  LogReader reader("x.log", [](Report&&) {});
  reader.feed(log);
  const Symptoms symptoms = reader.finish().symptoms;
  ASSERT_TRUE(symptoms.of(What::no_memory));
  EXPECT_EQ(symptoms.of(What::no_memory)->line, 1U);
  ASSERT_TRUE(symptoms.of(What::unit_killed));
  EXPECT_EQ(symptoms.of(What::unit_killed)->line, 20002U);
  EXPECT_EQ(symptoms.of(What::unit_killed)->count, 1U);
  std::string told;
  symptoms.each([&told](const Symptom& symptom) { told += std::to_string(symptom.line) + " "; });
  EXPECT_EQ(told, "20002 1 ");  // what failed is what was killed
}

}  // namespace
}  // namespace whyoom::report
