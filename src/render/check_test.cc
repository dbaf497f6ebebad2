#include "render/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "diagnose/case_file.h"
#include "render/layout.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

std::string text_check(const diagnose::HostCheck& check, const TextStyle& style) {
  return to_text(check_document(check, {false, style.all}), style);
}

using diagnose::HostCheck;
namespace cases = diagnose::cases;

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f;
  });
}

void check_all(const HostCheck& host, unsigned width) {
  const std::string text = text_check(host, {width, false, true});
  EXPECT_FALSE(has_control(text)) << text;
  EXPECT_FALSE(has_control(to_markdown(check_document(host, {true, true}))));
  const std::string json = json_check(host);
  EXPECT_FALSE(has_control(json));
  EXPECT_TRUE(json.starts_with("{") && json.ends_with("}"));
}

TEST(CheckText, SaysWhatIsWrongFirstAndHowToRepairItLast) {
  const auto path = cases::causes_folder() / "min-free-too-high" / "positive-host-fails-now.case";
  const auto host = cases::check_host(cases::load_case(path).log);
  const std::string text = text_check(*host, {80, false, false});
  EXPECT_TRUE(
      text.starts_with("whyoom check, kernel 6.12.41-cloud-amd64\n\nnow: Memory is free, but "
                       "vm.min_free_kbytes keeps it out"))
      << text;
  const std::size_t step = text.find("3 min_free_kbytes");
  const std::size_t fix = text.find("sudo whyoom fix vm.min_free_kbytes=45056");
  EXPECT_LT(step, fix);
  EXPECT_NE(fix, std::string::npos);
  EXPECT_NE(text.find("Set at boot by /etc/sysctl.d/99-sysctl.conf:1 (800000)."), std::string::npos)
      << text;
}

TEST(CheckText, OfAHealthyHostSaysSo) {
  const auto path = cases::causes_folder() / "min-free-too-high" / "near-miss-host.case";
  const auto host = cases::check_host(cases::load_case(path).log);
  EXPECT_NE(text_check(*host, {80, false, false}).find("the kernel's own choice."),
            std::string::npos);
}

// Whom the kernel would kill first, with what oom_score_adj does to it.
TEST(CheckText, NamesTheNextToGo) {
  const auto path = cases::causes_folder() / "unkillable-hog" / "near-miss-host.case";
  const auto host = cases::check_host(cases::load_case(path).log);
  ASSERT_EQ(host->next_victims.size(), 1U);  // systemd is never killed
  const std::string text = text_check(*host, {80, false, false});
  EXPECT_NE(text.find("Next to go: mysqld (pid 700, 400 MiB, oom_score_adj -900)."),
            std::string::npos)
      << text;
  EXPECT_NE(json_check(*host).find("\"next_victims\": ["), std::string::npos);
}

// The founding fault in one line: the vendors' formula takes all free memory for usable.
TEST(CheckText, CountsUsedMemoryInBothWays) {
  const auto used = [](const std::string& available) {
    return text_check(*cases::check_host("== /proc/meminfo\n"
                                         "MemTotal:        1000000 kB\n"
                                         "MemFree:          900000 kB\n"
                                         "MemAvailable:     " +
                                         available +
                                         " kB\n"
                                         "Buffers:           10000 kB\n"
                                         "Cached:            60000 kB\n"
                                         "SwapTotal:             0 kB\n"
                                         "SwapFree:              0 kB\n"
                                         "Shmem:             20000 kB\n"
                                         "SReclaimable:      10000 kB\n"),
                      {200, false, false});
  };
  EXPECT_NE(used("210000").find("Used: 79 % by MemAvailable, 4 % by the cloud consoles' formula; "
                                "what lies between is kept back by the watermarks."),
            std::string::npos)
      << used("210000");
  EXPECT_NE(used("920000").find("Used: 8 % by MemAvailable, 4 % by the cloud consoles' formula."),
            std::string::npos)
      << used("920000");
}

// The sentences of one of the four steps.
std::vector<std::string> step(std::size_t number, const std::string& host) {
  return check_steps(*cases::check_host(host)).at(number - 1).lines;
}

using Lines = std::vector<std::string>;

TEST(CheckSteps, OfAHostThatTellsNothing) {
  const std::string empty = "== /proc/sys/kernel/osrelease\n6.1.0\n";
  EXPECT_EQ(step(1, empty), Lines{"Not known: /proc/meminfo could not be read."});
  EXPECT_EQ(step(2, empty), Lines{"Not known: neither the tasks nor their limits could be read."});
  EXPECT_EQ(step(3, empty), Lines{"Not known: /proc/sys/vm/min_free_kbytes could not be read."});
  EXPECT_EQ(step(4, empty)[0], "Not known: /proc/sys/vm/panic_on_oom could not be read.");
}

TEST(CheckSteps, MemoryNamesWhatHoldsOnePerCent) {
  EXPECT_EQ(
      step(1,
           "== /proc/meminfo\nMemTotal: 1000000 kB\nMemFree: 500000 kB\n"
           "Cached: 100000 kB\nShmem: 10000 kB\nSReclaimable: 99999 kB\n"
           "SUnreclaim: 9999 kB\nPageTables: 20000 kB\nHugetlb: 30000 kB\nSwapTotal: 2048 kB\n"
           "SwapFree: 1024 kB\n"),
      (Lines{"977 MiB of RAM, 488 MiB (50 %) free, swap 1 MiB used of 2 MiB.",
             "page cache 87.9 MiB, shared memory and tmpfs 9.77 MiB, page tables 19.5 MiB, "
             "huge pages 29.3 MiB."}));
  EXPECT_EQ(step(1,
                 "== /proc/meminfo\nMemTotal: 1000000 kB\nMemFree: 500000 kB\n"
                 "SReclaimable: 100000 kB\nPercpu: 50000 kB\nKernelStack: 49999 kB\n"),
            (Lines{"977 MiB of RAM, 488 MiB (50 %) free.",
                   "reclaimable slab 97.7 MiB, per-CPU memory 48.8 MiB."}));
}

TEST(CheckSteps, MemoryOfAKernelWithHighMem) {
  const std::string host = "== /proc/meminfo\nMemTotal: 5907468 kB\nMemFree: 17960 kB\n";
  const std::string low = "LowTotal: 795688 kB\nLowFree: 16788 kB\n";
  EXPECT_EQ(step(1, host + "HighTotal: 5111780 kB\nHighFree: 1172 kB\n" + low).at(1),
            "Low memory, the only one for the kernel's own: 16.4 MiB free of 777 MiB; high memory: "
            "1.14 MiB free of 4.87 GiB.");
  EXPECT_EQ(step(1, host + low).size(), 1U) << "cut";
  EXPECT_EQ(step(1, host + "HighTotal: 0 kB\nHighFree: 0 kB\n" + low).size(), 1U) << "it has none";
}

TEST(CheckSteps, MemoryNamesTheBiggestSlabCaches) {
  const auto cache = [](const std::string& name, int pages) {
    return name + " 0 0 0 0 " + std::to_string(pages) + " : tunables 0 0 0 : slabdata 1 1 0\n";
  };
  const std::string slab = "== /proc/slabinfo\nslabinfo - version: 2.1\n" + cache("a", 100) +
                           cache("b", 102400) + cache("c", 25600) + cache("d", 25599);
  const std::string ram = "== /proc/meminfo\nMemTotal: 1024000 kB\nMemFree: 500000 kB\n";
  EXPECT_EQ(step(1, slab), Lines{"Biggest slab caches: b 400 MiB, c 100 MiB, d 100 MiB."});
  EXPECT_EQ(step(1, ram + slab).back(), "Biggest slab caches: b 400 MiB (40 %), c 100 MiB (10 %).");
}

std::string process(int pid, const std::string& name, int rss_kb, const std::string& more = "") {
  const std::string id = std::to_string(pid);
  const std::string folder = "== /proc/" + id + "/";
  return folder + "stat\n" + id + " (" + name +
         ") S 1 1 1 0 -1 4194304 1 1 1 1 1 1 1 1 20 0 2 0 1 1 1 1 1\n" + folder +
         "status\nName:\t" + name + "\nState:\tS (sleeping)\nPid:\t" + id + "\nVmRSS:\t" +
         std::to_string(rss_kb) + " kB\nRssAnon:\t" + std::to_string(rss_kb) +
         " kB\nThreads:\t2\n" + more;
}

TEST(CheckSteps, MemoryWithoutWhatIsFree) {
  EXPECT_EQ(step(1, "== /proc/meminfo\nMemTotal: 1000000 kB\nMemAvailable: 500000 kB\n"),
            Lines{"977 MiB of RAM, 488 MiB (50 %) available."});
}

TEST(CheckSteps, MemoryNamesTheCgroupThatIsNearItsLimit) {
  const auto of = [](const std::string& usage) {
    return step(1,
                "== /proc/meminfo\nMemTotal: 1000000 kB\nMemAvailable: 500000 kB\n"
                "== /sys/fs/cgroup/cgroup.controllers\nmemory\n"
                "== /sys/fs/cgroup/a/memory.current\n1000\n== /sys/fs/cgroup/a/memory.max\nmax\n"
                "== /sys/fs/cgroup/b/memory.max\n1000000\n== /sys/fs/cgroup/b/memory.current\n" +
                    usage + "\n")
        .back();
  };
  EXPECT_EQ(
      of("900000"),
      "The cgroup /b has 879 KiB of the 977 KiB that it may have (90 %), page cache included.");
  EXPECT_EQ(of("899999"), "977 MiB of RAM, 488 MiB (50 %) available.");
}

TEST(CheckSteps, NamesThatHoldMostAreAddedUp) {
  const auto lines = step(1, "== /proc/meminfo\nMemTotal: 1000000 kB\nMemFree: 500000 kB\n" +
                                 process(7, "web", 4096) + process(8, "web", 4096) +
                                 process(9, "db", 6144) + process(10, "sh", 0));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1], "Biggest: web x2 8 MiB, db 6 MiB.");
}

TEST(CheckSteps, ThreadsAgainstTheirLimits) {
  const std::string two = process(7, "web", 4096) + process(8, "db", 4096);
  EXPECT_EQ(step(2, two), Lines{"4 threads in 2 processes."});
  // Of 4 threads some may come between the two readings; of 40 they are somebody else's.
  const std::string load = "== /proc/loadavg\n0.1 0.1 0.1 1/";
  EXPECT_EQ(step(2, two + load + "36 99\n"), Lines{"36 threads in 2 processes."});
  EXPECT_EQ(step(2, two + load + "37 99\n"),
            Lines{"37 threads on the host; 2 processes can be seen from here."});
  EXPECT_EQ(
      step(2,
           "== /proc/loadavg\n0.1 0.1 0.1 1/900 99\n== /proc/sys/kernel/pid_max\n1000\n"
           "== /proc/sys/kernel/threads-max\n9000\n"
           "== /proc/sys/kernel/osrelease\n3.10.0\n"),
      (Lines{"900 threads on the host.", "900 of 1,000 kernel.pid_max, 90 %; beyond it ENOMEM.",
             "900 of 9,000 kernel.threads-max, 10 %; beyond it EAGAIN."}));
}

TEST(CheckSteps, WhoSetsMinFree) {
  const auto setter = [](const std::string& more) {
    const auto lines = step(3,
                            "== /proc/meminfo\nMemTotal: 1000000 kB\n"
                            "== /proc/sys/vm/min_free_kbytes\n400000\n" +
                                more);
    return lines.at(0) + "|" + lines.at(1);
  };
  const std::string kept = "400000 kB, 40 % of RAM.|";
  EXPECT_EQ(setter(""), kept + "No file that sets it was found.");
  EXPECT_EQ(setter("== /etc/rc.local\n#!/bin/sh\nsysctl -w vm.min_free_kbytes=400000\n"),
            kept + "No sysctl file sets it; rc.local names it in /etc/rc.local:2.");
  const std::string file = "== /etc/sysctl.conf\nvm.min_free_kbytes = 400000\n";
  EXPECT_EQ(setter(file), kept + "Set at boot by /etc/sysctl.conf:1 (400000).");
  // systemd reads it through a link alone.
  EXPECT_EQ(setter(file + "== /usr/lib/systemd/systemd-sysctl\n"),
            kept +
                "Set by /etc/sysctl.conf:1 (400000), which `sysctl --system` reads and the boot "
                "does not.");
}

TEST(CheckSteps, WhatTheKernelDoesOnOom) {
  const auto policy = [](int panic_on_oom, const std::string& more) {
    return step(4, "== /proc/sys/vm/panic_on_oom\n" + std::to_string(panic_on_oom) + "\n" + more)
        .at(0);
  };
  EXPECT_EQ(policy(0, ""), "The kernel kills a process (vm.panic_on_oom=0).");
  const std::string asks = "== /proc/sys/vm/oom_kill_allocating_task\n";
  EXPECT_EQ(policy(0, asks + "0\n"), "The kernel kills a process (vm.panic_on_oom=0).");
  EXPECT_EQ(policy(0, asks + "1\n"),
            "The kernel kills the process that asks (vm.oom_kill_allocating_task), whatever its "
            "size.");
  const std::string panic = "== /proc/sys/kernel/panic\n";
  EXPECT_EQ(policy(1, ""), "The kernel panics (vm.panic_on_oom=1).");
  EXPECT_EQ(policy(2, panic + "0\n"),
            "The kernel panics (vm.panic_on_oom=2), and the machine stays down (kernel.panic=0).");
  EXPECT_EQ(policy(2, panic + "-1\n"),
            "The kernel panics (vm.panic_on_oom=2), and the machine restarts at once.");
  EXPECT_EQ(policy(2, panic + "10\n"),
            "The kernel panics (vm.panic_on_oom=2), and the machine restarts after 10 s.");
}

TEST(CheckSteps, WhatIsKeptOfAPanic) {
  const std::string panic = "== /proc/sys/vm/panic_on_oom\n0\n";
  const std::string backend = "== /sys/module/pstore/parameters/backend\n";
  const std::string kdump = "== /sys/kernel/kexec_crash_loaded\n";
  EXPECT_EQ(
      step(4, panic + "== /var/log/journal/a\nx\n" + backend + "efi_\x1b[2J\n" + kdump + "1\n")
          .at(1),
      "What is kept of it: the journal is on disk, pstore (efi_\\x1b[2J), kdump is loaded.");
  EXPECT_EQ(step(4, panic + "== /var/log/x\n" + backend + "(null)\n" + kdump + "0\n" +
                        "== /proc/self/mountinfo\n1 1 0:6 / /proc rw - proc proc rw\n")
                .at(1),
            "What is kept of it: no journal on disk, no pstore, no kdump.");
}

TEST(CheckText, CountsGapsAndDamage) {
  const auto check = cases::check_host("== /proc/meminfo\nMemTotal: 1000000 kB\n");
  check->facts.host.gaps.assign(6, host::Gap{host::FileError::Kind::denied, "/x",
                                             Message("no access"), Message("it is not known")});
  check->facts.host.damage.assign(4, host::Damage{{1, 3}, "no number"});
  const std::string some = text_check(*check, {80, false, false});
  EXPECT_NE(some.find("\nand 2 more gaps; --all shows them\n"), std::string::npos) << some;
  const auto count = [](const std::string& text, std::string_view words) {
    std::size_t found = 0;
    for (std::size_t at = text.find(words); at != std::string::npos;
         at = text.find(words, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count(some, "not read: no access: it is not known\n"), 4U) << some;
  EXPECT_EQ(count(some, "damaged: "), 3U);
  EXPECT_NE(some.find("\nand 1 more damaged place; --all shows them\n"), std::string::npos) << some;
  const std::string all = to_text(check_document(*check, {false, true}), {80, false, true});
  EXPECT_EQ(count(all, "not read: "), 6U);
  EXPECT_EQ(count(all, "damaged: "), 4U);
}

TEST(CheckText, FitsEveryWidth) {
  for (const auto& path : cases::case_paths(cases::Of::host)) {
    const auto host = cases::check_host(cases::load_case(path).log);
    for (const unsigned width : {60U, 80U, 200U}) {
      std::string_view text;
      const std::string all = text_check(*host, {width, false, true});
      text = all;
      for (const std::string_view line : cases::split_lines(text)) {
        const bool command = line.starts_with("    sudo ") || line.starts_with("    ");
        EXPECT_TRUE(command || display_width(trim(line)) <= width) << line;
      }
    }
  }
}

// A host whose /proc lies: bytes changed, lines lost, numbers grown. Whatever is said of it, it is
// said on clean lines.
TEST(Check, LivesWithEveryHost) {
  sample::Noise noise(7);
  for (const auto& path : cases::case_paths(cases::Of::host)) {
    const std::string good = cases::load_case(path).log;
    for (int round = 0; round < 25; ++round) {
      std::string bad = good;
      for (std::uint64_t change = noise.below(6); change-- > 0;) {
        const std::size_t at = noise.below(bad.size());
        switch (noise.below(4)) {
          case 0:
            bad[at] = static_cast<char>(noise.below(256));
            break;
          case 1:
            bad.insert(at, std::to_string(noise.number()));
            break;
          case 2:
            bad.erase(at, noise.below(200));
            break;
          default:
            bad.insert(at, noise.name());
        }
        bad += bad.empty() ? "x" : "";
      }
      check_all(*cases::check_host(bad), 60 + static_cast<unsigned>(noise.below(140)));
    }
  }
}

}  // namespace
}  // namespace whyoom::render
