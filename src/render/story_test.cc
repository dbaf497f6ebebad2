#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "render/layout.h"
#include "render/render.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

std::vector<Follower> spree() {
  return {
      {"oom-kill", "init", "nginx (pid 161)", "killed", "min-free-too-high", "dmesg.log:500", 0.4},
      {"oom-panic", "init", "", "panic", "deadlocked", "dmesg.log:562", 0.68}};
}

TEST(TextStory, MinFreeTooHighAt80) {
  EXPECT_EQ(text_story(*sample::min_free_event(), spree(), 0, {80, false, false}),
            R"(dmesg.log:412-491  [6.580963]  out of memory, killed hog (pid 137)

vm.min_free_kbytes was 801980 kB (80 % of RAM) while the kernel's own choice is
45056 kB: zone DMA32 had 787688 kB free and needed more than 789252 kB.
cause: min-free-too-high, proved, confidence 99 %
story: 3 events

Proof
  free memory of zone DMA32                 787688 kB  769 MiB  dmesg.log:454
  min watermark of zone DMA32               789252 kB  771 MiB  dmesg.log:454
  share of RAM that the setting keeps back       80 %

Zones
  asked for: 2 pages in one block (order 1) for init (pid 1),
    GFP_KERNEL_ACCOUNT|__GFP_ZERO
  zone   = free  | needed             free  needs over
  DMA    [===================|]   15780 kB    16576 kB  short by 796 kB
  DMA32  [=============== |   ]  787688 kB   789252 kB  short by 1564 kB
  DMA: needs min 12724 kB + lowmem_reserve 3852 kB

also: There is no swap: anonymous memory cannot leave RAM.

What followed
   +0.4 s  oom-kill, for init: killed nginx (pid 161)    line 500
  +0.68 s  oom-panic, for init: panic, cause deadlocked  line 562

Fix
  Set vm.min_free_kbytes to the kernel's own choice
    whyoom fix vm.min_free_kbytes=45056

)");
}

TEST(TextStory, CgroupLimitAt60) {
  EXPECT_EQ(text_story(*sample::memcg_event(), {}, 0, {60, false, false}),
            R"(/var/log/kern.log:10-60  Nov 23 08:12:53
  out of memory in kubepods-pod8f0c1e9a.slice, killed hog
  (pid 137)

Cgroup /kubepods.slice/kubepods-pod8f0c1e9a.slice reached
its memory limit of 51200 kB.
cause: cgroup-limit, proved, confidence 95 %

Proof
  memory.max of                             51200 kB  50 MiB
  /kubepods.slice/kubepods-pod8f0c1e9a.
  slice
    /var/log/kern.log:20

Cgroup /kubepods.slice/kubepods-pod8f0c1e9a.slice
  memory                 [==========]  51200 kB  of 51200 kB
  swap                                     0 kB  no limit
    anonymous memory     [========= ]  49152 kB  96 %
    page cache and       [          ]   1024 kB  2 %
    shared memory
  the process is in
    /kubepods.slice/kubepods-pod8f0c1e9a.slice/
    cri-containerd-6b1f.scope

Biggest of 2 processes
  name   pid      resident  swapped  adj
  hog    137  44,226 pages  0 pages    0  killed
  nginx  161   1,200 pages  0 pages    0

Fix
  Raise the limit
    systemctl set-property foo MemoryMax=100M

)");
}

TEST(TextStory, AllAt120) {
  EXPECT_EQ(text_story(*sample::min_free_event(), {}, 0, {120, false, true}),
            R"(dmesg.log:412-491  [6.580963]  out of memory, killed hog (pid 137)

vm.min_free_kbytes was 801980 kB (80 % of RAM) while the kernel's own choice is 45056 kB: zone DMA32 had 787688 kB free
and needed more than 789252 kB.
cause: min-free-too-high, proved, confidence 99 %

Proof
  free memory of zone DMA32                 787688 kB  769 MiB  dmesg.log:454
  min watermark of zone DMA32               789252 kB  771 MiB  dmesg.log:454
  share of RAM that the setting keeps back       80 %

Zones
  asked for: 2 pages in one block (order 1) for init (pid 1), GFP_KERNEL_ACCOUNT|__GFP_ZERO
  zone   = free  | needed                         free  needs over
  DMA    [===============================|]   15780 kB    16576 kB  short by 796 kB
  DMA32  [=========================|      ]  787688 kB   789252 kB  short by 1564 kB
  DMA: needs min 12724 kB + lowmem_reserve 3852 kB

Where 979 MiB of RAM went
  free                     [================    ]  803468 kB   785 MiB    80 %
  anonymous memory         [===                 ]  176484 kB   172 MiB    18 %
  in no counter            [                    ]    7636 kB  7.46 MiB  0.76 %
  slab, reclaimable        [                    ]    7112 kB  6.95 MiB  0.71 %
  slab, unreclaimable      [                    ]    4432 kB  4.33 MiB  0.44 %
  shared memory and tmpfs  [                    ]    2916 kB  2.85 MiB  0.29 %
  the rest                 [                    ]     424 kB            0.04 %

Biggest of 2 processes
  name   pid   resident  swapped  page tables  adj
  hog    137  176904 kB     0 kB       392 kB    0  killed
  nginx  161    4800 kB     0 kB       392 kB    0

also: There is no swap: anonymous memory cannot leave RAM.

Ruled out
  slab-leak  unreclaimable slab holds 0.4 % of RAM, dmesg.log:444

Fix
  Set vm.min_free_kbytes to the kernel's own choice
    whyoom fix vm.min_free_kbytes=45056

)");
}

TEST(TextStory, UndeterminedAt200) {
  EXPECT_EQ(text_story(*sample::cut_event(), {}, 0, {200, false, false}),
            R"(dmesg.log:7  out of memory, killed hog (pid 137)

The whole machine was out of memory, not a cgroup. hog (pid 137) was killed and held 173 MiB. What filled it, or kept it out of reach, is not in these lines.
incomplete: the log lacks its first line, Mem-Info, the zones, the task table, the constraint line
  - killed: hog (pid 137), which held 173 MiB

What would settle it
  - the lines before it, from "invoked oom-killer" on
  - the Mem-Info part: it says what RAM was used for
  - the zone lines ("Node 0 Normal free:") and their free lists
  - the task table; the kernel prints it when vm.oom_dump_tasks is 1
  - the line "oom-kill:constraint="
  - on that machine: journalctl -k, after a restart journalctl -k -b -1

)");
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

TEST(TextStory, TellsThatTheProcessWasBeingKilled) {
  auto event = sample::cut_event();
  event->killed_at = {0, 5};
  EXPECT_TRUE(
      has(text_story(*event, {}, 0, {200, false, false}),
          "\nThe kernel was killing this process (dmesg.log:5), and a process that is being "
          "killed gets no more memory: part of that kill.\n"));
  Follower follower;
  follower.kind = "page-allocation-failure";
  follower.trigger = "hog";
  follower.of_victim = true;
  EXPECT_TRUE(has(text_story(*sample::cut_event(), {follower}, 0, {80, false, false}),
                  "page-allocation-failure, for hog, which was being killed"));
}

TEST(TextStory, ShowsWhoseTheCgroupIs) {
  auto event = sample::memcg_event();
  event->report.memcg->limit_path = "/kubepods/burstable/pod8f0c1e9a-4b5d-4c6e-8f70-123456789abc";
  event->report.memcg->task_path = event->report.memcg->limit_path + "/" + std::string(64, 'a');
  event->evidence.attribution = memory::attribute(event->evidence);
  const std::string text = text_story(*event, {}, 0, {80, false, false});
  EXPECT_NE(text.find("Cgroup /kubepods/burstable/pod8f0c1e9a-4b5d-4c6e-8f70-123456789abc\n"
                      "  it is pod 8f0c1e9a-4b5d-4c6e-8f70-123456789abc (burstable)\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  that is container aaaaaaaaaaaa\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  out of memory in pod 8f0c1e9a-4b5d-4c6e-8f70-123456789abc (burstable)"),
            std::string::npos)
      << text;

  // The path says it by itself.
  event->report.memcg->limit_path = event->report.memcg->task_path = "/system.slice/web.service";
  event->evidence.attribution = memory::attribute(event->evidence);
  const std::string unit = text_story(*event, {}, 0, {80, false, false});
  EXPECT_NE(unit.find("Cgroup /system.slice/web.service\n  memory "), std::string::npos) << unit;
}

TEST(TextStory, ShowsThePathOfAnOwnedCgroupWithoutItsNumbers) {
  auto event = sample::memcg_event();
  event->report.memcg = report::Memcg{};
  event->report.memcg->limit_path = "/docker/" + std::string(64, 'b');
  event->evidence.attribution = memory::attribute(event->evidence);
  const std::string text = text_story(*event, {}, 0, {200, false, false});
  EXPECT_NE(text.find("\nCgroup /docker/" + std::string(64, 'b') +
                      "\n  it is docker container bbbbbbbbbbbb\n"),
            std::string::npos)
      << text;
}

TEST(TextStory, AddsUpTheNamesThatHoldMoreThanTheBiggest) {
  auto event = sample::min_free_event();
  auto& tasks = event->report.tasks;
  for (int i = 0; i < 5; ++i) {
    tasks.push_back(tasks.front());
    tasks.back().pid = tasks.back().tgid = 200 + i;
    tasks.back().rss = 10000;
  }
  event->evidence.account.reset();  // it would allow less
  const auto shown = [&event] {
    event->evidence.attribution = memory::attribute(event->evidence);
    return text_story(*event, {}, 0, {80, false, true});
  };
  EXPECT_NE(
      shown().find("  6 processes \"nginx\" hold at most 202 MiB together (some may be shared)\n"),
      std::string::npos)
      << shown();
  for (auto& task : tasks) {
    task.rss_anon = task.rss - 200;
    task.rss_file = 200;
    task.rss_shmem = 0;
  }
  EXPECT_NE(shown().find("  6 processes \"nginx\" hold 198 MiB together\n"), std::string::npos)
      << shown();
  tasks.resize(4);  // now less than hog
  EXPECT_EQ(shown().find("together"), std::string::npos) << shown();
}

TEST(TextStory, ShowsTheBigOneThatMayNotBeKilled) {
  auto event = sample::min_free_event();
  auto& tasks = event->report.tasks;
  tasks.front().oom_score_adj = -1000;
  tasks.front().rss = 20000;
  const auto shown = [&event] {
    event->evidence.attribution = memory::attribute(event->evidence);
    return text_story(*event, {}, 0, {80, false, true});
  };
  EXPECT_NE(shown().find("392 kB  -1000  protected\n"), std::string::npos) << shown();
  for (int i = 0; i < 5; ++i) {  // not among the first five
    tasks.push_back(tasks.back());
    tasks.back().comm += std::to_string(i);
    tasks.back().pid = tasks.back().tgid = 200 + i;
    tasks.back().rss = 30000;
  }
  EXPECT_NE(shown().find("  nginx (pid 161) may not be killed and holds 78.5 MiB\n"),
            std::string::npos)
      << shown();
  tasks.front().rss = 1000;  // nobody misses it
  EXPECT_EQ(shown().find("may not be killed"), std::string::npos) << shown();
}

TEST(TextStory, ShowsWhereTheKilledOneBelonged) {
  auto event = sample::min_free_event();
  event->report.constraint->task = "hog";
  event->report.constraint->pid = 137;
  event->report.constraint->task_memcg = "/user.slice/user-7.slice/session-2.scope";
  event->evidence.attribution = memory::attribute(event->evidence);
  const std::string text = text_story(*event, {}, 0, {80, false, true});
  EXPECT_NE(text.find("  hog (pid 137) belonged to user 7, session 2\n"), std::string::npos)
      << text;
}

TEST(TextStory, UsedUpMemoryShowsTheAccountAndTheBiggest) {
  auto event = sample::min_free_event();
  EXPECT_FALSE(has(text_story(*event, {}, 0, {}), "of RAM went"));
  event->root_cause = event->findings[0].cause = "memory-exhausted";
  const std::string text = text_story(*event, {}, 0, {});
  EXPECT_TRUE(has(text, "Where 979 MiB of RAM went\n")) << text;
  EXPECT_TRUE(has(text, "  hog    137  176904 kB     0 kB       392 kB    0  killed\n")) << text;
}

TEST(TextStory, MuchUnaccountedIsAlwaysSaid) {
  auto event = sample::min_free_event();
  EXPECT_FALSE(has(text_story(*event, {}, 0, {}), "in no counter"));
  event->evidence.account->lines.back().size = to_bytes(KiB(100000));
  EXPECT_TRUE(has(text_story(*event, {}, 0, {}),
                  "note: 100000 kB (10 % of RAM) is in no counter of the report\n"));
}

TEST(TextStory, ZonesThatTheRequestMayNotUseComeLast) {
  auto event = sample::min_free_event();
  event->evidence.zones[0].eligible = false;
  event->evidence.zones[1].floor = Pages(1);
  const std::string text = text_story(*event, {}, 0, {100, false, false});
  const auto dma32 = text.find("\n  DMA32  [");
  const auto dma = text.find("\n  DMA    [");
  ASSERT_NE(dma32, std::string::npos) << text;
  EXPECT_LT(dma32, dma);
  EXPECT_TRUE(has(text, "above its mark\n"));
  EXPECT_TRUE(has(text, "not usable by this request\n"));
}

TEST(TextStory, NodesAreNamedWhenThereIsMoreThanTheFirst) {
  auto event = sample::min_free_event();
  event->evidence.zones.erase(event->evidence.zones.begin());
  EXPECT_TRUE(has(text_story(*event, {}, 0, {}), "\n  DMA32  ["));
  event->evidence.zones[0].node = 1;
  EXPECT_TRUE(has(text_story(*event, {}, 0, {}), "\n  node 1 DMA32  ["));
}

TEST(TextStory, MemoryOutOfReachAndBoostAreExplained) {
  auto event = sample::min_free_event();
  auto& zone = event->evidence.zones[1];
  zone.unusable = Pages(1 + 1000);
  zone.boost = Pages(2560);
  zone.floor = zone.min + zone.boost;
  const std::string text = text_story(*event, {}, 0, {120, false, false});
  EXPECT_TRUE(has(text,
                  "  DMA32: needs min 789252 kB + boost 10240 kB; 4004 kB of its free memory "
                  "is out of reach (CMA, highatomic)\n"))
      << text;
  EXPECT_TRUE(has(text, "short by 15808 kB\n")) << text;
  zone.free = zone.floor + Pages(100);
  EXPECT_TRUE(has(text_story(*event, {}, 0, {120, false, false}),
                  "short by 3604 kB (4004 kB it may not use)\n"));
}

TEST(TextStory, LongSpreeShowsItsBeginningAndItsEnd) {
  const auto event = sample::min_free_event();
  std::vector<Follower> followers(30, spree()[0]);
  followers.back() = spree()[1];
  const std::string text = text_story(*event, followers, 0, {});
  EXPECT_TRUE(has(text, "... 22 more events\n")) << text;
  EXPECT_TRUE(has(text, "oom-panic, for init: panic"));
  EXPECT_FALSE(has(text_story(*event, followers, 0, {80, false, true}), "more events"));
  // The end is not among the kept ones.
  EXPECT_TRUE(has(text_story(*event, followers, 100, {}), "... 122 more events\n"));
}

TEST(TextStory, WhatCameBeforeTheEventInFullIsSaidBeforeIt) {
  const auto event = sample::min_free_event();
  auto others = spree();
  others[0].before = true;
  others[0].seconds_after = -0.52;
  Story of = story_of(*event, others, 0);
  of.killed = 2;
  of.first = {.monotonic_us = 6'000'000, .wall = ""};
  of.last = {.monotonic_us = 9'000'000, .wall = ""};
  of.seconds = 3.0;
  of.end = report::Panic{};
  of.end->reason = report::Panic::Reason::deadlocked;
  of.end->restart_seconds = Read<std::uint64_t>{1, {}};
  const std::string text = to_text(story(of, {}), {200, false, false});
  EXPECT_TRUE(has(text,
                  "killed hog (pid 137), then kernel panic (deadlocked on memory), restarts "
                  "after 1 s\n"))
      << text;
  EXPECT_TRUE(has(text,
                  "story: 3 events, 2 killed, first [6.000000], last [9.000000], one every "
                  "1.5 s on average\n"))
      << text;
  EXPECT_TRUE(has(text, "What came before\n  -0.52 s  oom-kill, for init: killed nginx")) << text;
  EXPECT_TRUE(has(text, "What followed\n  +0.68 s  oom-panic")) << text;
}

TEST(TextStory, SaysWhetherThePanickedMachineStaysDown) {
  auto event = sample::min_free_event();
  event->report.outcome = report::Outcome::panic;
  event->report.panic.emplace().halted_at = Place{0, 700};
  EXPECT_TRUE(has(text_story(*event, {}, 0, {200, false, false}), "kernel panic, stays down\n"));
}

TEST(TextStory, FollowerInAnotherFileIsNamedInFull) {
  auto followers = spree();
  followers[1].place = "/var/log/messages.1:3";
  const std::string text = text_story(*sample::min_free_event(), followers, 0, {});
  EXPECT_TRUE(has(text, "  line 500\n"));
  EXPECT_TRUE(has(text, "  /var/log/messages.1:3\n"));
}

TEST(TextStory, DamageInsideIsSaid) {
  auto event = sample::min_free_event();
  event->report.lines_lost = 2;
  event->report.damage = {{450, "a line is cut"}, {451, "x"}};
  EXPECT_TRUE(has(text_story(*event, {}, 0, {120, false, false}),
                  "incomplete: 2 lines were lost inside it; dmesg.log:450: a line is cut (and 1 "
                  "more)\n"));
}

TEST(TextStory, CommandsAreNeverWrapped) {
  auto event = sample::min_free_event();
  const auto unit = ShellWord::from(std::string(150, 'x'));
  const ShellCommand command("systemctl set-property -- {} MemoryMax=2G", *unit);
  event->findings[0].remedies[0].commands = {command};
  EXPECT_TRUE(has(text_story(*event, {}, 0, {60, false, false}), "\n    " + command.text() + "\n"));
}

TEST(TextStory, ContributingRemediesComeBehindTheRoots) {
  auto event = sample::min_free_event();
  event->findings[1].remedies = {
      {Message("Add swap"), {ShellCommand("mkswap /swap")}},
      {Message("the same"), {ShellCommand("whyoom fix vm.min_free_kbytes=45056")}},
      {Message("Buy RAM"), {}, {}},
      {Message("Buy RAM"), {}, {}}};
  EXPECT_TRUE(has(text_story(*event, {}, 0, {}),
                  "    whyoom fix vm.min_free_kbytes=45056\n"
                  "  Add swap (no-swap)\n"
                  "    mkswap /swap\n"
                  "  Buy RAM (no-swap)\n\n"));
}

TEST(TextStory, LongFileNamesAreSaidOnceInTheHead) {
  auto event = sample::min_free_event();
  const auto with_name = [&event](std::string name) {
    event->evidence.sources = {name};
    event->report.source = std::move(name);
    return text_story(*event, {}, 0, {});
  };
  EXPECT_TRUE(has(with_name("/var/crash/202611230812/dmesg.txt"), " MiB  dmesg.txt:454\n"));
  const std::string text =
      with_name("/var/crash/127.0.0.1-2026-11-23-08:12:53-host-17/vmcore-dmesg-127.0.0.1-1.txt.1");
  EXPECT_TRUE(has(text, "vmcore-dmesg-127.0.0.1-1.txt.1:412-491\n"));
  EXPECT_TRUE(has(text, " MiB  line 454\n")) << text;
}

TEST(TextStory, ColourOnlyWhenAskedFor) {
  const auto event = sample::min_free_event();
  const std::string plain = text_story(*event, spree(), 0, {80, false, true});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  std::string colour = text_story(*event, spree(), 0, {80, true, true});
  EXPECT_TRUE(has(colour, "\x1b[1mProof\x1b[0m\n"));
  // Colour changes nothing but colour.
  for (std::size_t at = 0; (at = colour.find('\x1b', at)) != std::string::npos;) {
    colour.erase(at, colour.find('m', at) - at + 1);
  }
  EXPECT_EQ(colour, plain);
}

// Lines that may be longer than the width: commands (indent 4 in the fix), the first line's place
// and places on a line of their own.
bool may_be_long(const std::string& line, bool in_fix) {
  return (in_fix && line.starts_with("    ")) || !has(line, " ") ||
         (line.starts_with("    ") && !has(line.substr(4), " "));
}

void expect_fits(const std::string& text, unsigned width, std::uint64_t seed) {
  std::istringstream lines(text);
  bool in_fix = false;
  for (std::string line; std::getline(lines, line);) {
    in_fix = in_fix || line == "Fix";
    EXPECT_TRUE(display_width(line) <= width || may_be_long(line, in_fix))
        << "seed " << seed << ", width " << width << ": " << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(TextStory, RandomEventsFitAndHoldNoControlCharacters) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto event = sample::random_event(seed);
    for (const unsigned width : {60U, 80U, 133U, 200U}) {
      const std::string text = text_story(*event, spree(), 7, {width, false, true});
      expect_fits(text, width, seed);
      EXPECT_TRUE(std::ranges::none_of(text, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
      })) << text;
      EXPECT_FALSE(has(text, "\xc2\x9b"));      // the control sequence introducer of C1
      EXPECT_FALSE(has(text, "\xe2\x80\xae"));  // right-to-left override
    }
  }
}

TEST(TextSummary, TellsWhatWasLost) {
  Summary summary;
  summary.events = 3;
  summary.lines = 12345;
  summary.bytes = 1234567;
  EXPECT_EQ(to_text(render::summary(summary, {}), {}), "3 events in 12,345 lines (1.18 MiB)\n");
  summary.lines_lost = 3;
  summary.copies = 1;
  summary.damage.assign(7, {"dmesg.log:77", "a line is cut"});
  summary.damage_more = 9;
  EXPECT_EQ(to_text(render::summary(summary, {}), {}),
            "3 events in 12,345 lines (1.18 MiB), 1 repeated copy left out\n"
            "lost: 3 lines, as the log itself says; what they held is not known\n"
            "damaged: dmesg.log:77: a line is cut\n"
            "damaged: dmesg.log:77: a line is cut\n"
            "damaged: dmesg.log:77: a line is cut\n"
            "damaged: dmesg.log:77: a line is cut\n"
            "damaged: dmesg.log:77: a line is cut\n"
            "and 11 more damaged places\n");
}

}  // namespace
}  // namespace whyoom::render
