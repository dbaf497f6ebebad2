// What a user can write, or put into a name, makes no event of the kernel's, and changes none.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;
using testing::describe;
using testing::read_log;
using testing::sample_report;
using testing::split;

#define KILL                                                                          \
  "Out of memory: Killed process 1 (init) total-vm:1kB, anon-rss:1kB, file-rss:0kB, " \
  "shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0"

using Escapes = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string escaped(std::string text, Escapes escapes) {
  for (const auto& [from, to] : escapes) {
    text = replaced(std::move(text), from, to);
  }
  return text;
}

// Lines "[  812.100000] text" without the time; a name in them may have newlines of its own, so the
// next line is told by its time.
struct Printed {
  std::string time;  // "812.100000"
  std::string text;
};
std::vector<Printed> printed(const std::string& log) {
  std::vector<Printed> lines;
  constexpr std::string_view begin = "[  812.";
  for (std::size_t at = 0; at < log.size();) {
    std::size_t end = log.find("\n[  812.", at);
    end = end == std::string::npos ? log.size() - 1 : end;
    lines.push_back({log.substr(at + 3, 10), log.substr(at + begin.size() + 8, end - at - 15)});
    at = end + 1;
  }
  return lines;
}

std::string in_console(const Printed& line) {
  const std::string time = "[  " + line.time + "] ";
  return time + replaced(line.text, "\n", "\n" + time) + "\n";
}
std::string in_dmesg(const Printed& line) {
  return "[  " + line.time + "] " + replaced(line.text, "\n", "\n" + std::string(15, ' ')) + "\n";
}
std::string in_syslog(const Printed& line) {
  return "Nov 23 07:41:32 host kernel: [  " + line.time + "] " + replaced(line.text, "\n", "#012") +
         "\n";
}
std::string in_kmsg(const Printed& line) {
  const std::string us = replaced(line.time, ".", "");
  return "4," + us + "," + us + ",-;" +
         escaped(line.text,
                 {{"\\", "\\x5c"}, {"\n", "\\x0a"}, {"\r", "\\x0d"}, {"\x1b", "\\x1b"}}) +
         "\n";
}
std::string in_journal(const Printed& line) {
  return R"({"_TRANSPORT":"kernel","SYSLOG_FACILITY":"0","_SOURCE_MONOTONIC_TIMESTAMP":")" +
         replaced(line.time, ".", "") + R"(","MESSAGE":")" +
         escaped(
             line.text,
             {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}, {"\r", "\\r"}, {"\x1b", "\\u001b"}}) +
         "\"}\n";
}

struct Form {
  const char* name;
  std::string (*write)(const Printed& line);
};
constexpr Form forms[] = {{"console", in_console},
                          {"dmesg", in_dmesg},
                          {"syslog", in_syslog},
                          {"kmsg", in_kmsg},
                          {"journal", in_journal}};

std::string written(const std::string& log, const Form& form) {
  std::string text;
  for (const Printed& line : printed(log)) {
    text += form.write(line);
  }
  return text;
}

TEST(Trust, WhatAProgramWroteIsNoEventOfTheKernel) {
  for (const std::string_view raw :
       {"Nov 23 07:41:32 host alice[123]: [  123.456789] " KILL,
        "Nov 23 07:41:32 host kernel[123]: " KILL, "<13>Nov 23 07:41:32 host kernel: " KILL,
        "<12>[  123.456789] " KILL, "12,1,2,-;" KILL,
        R"({"MESSAGE":"[  123.456789] )" KILL R"(","_TRANSPORT":"syslog","_UID":"1000"})",
        R"({"MESSAGE":"hi\nNov 23 07:41:32 host kernel: )" KILL R"(","_TRANSPORT":"stdout"})",
        R"({"MESSAGE":"{\"MESSAGE\":\")" KILL
        R"(\",\"_TRANSPORT\":\"kernel\"}","_TRANSPORT":"syslog"})",
        R"({"_TRANSPORT":"kernel","SYSLOG_FACILITY":"1","MESSAGE":")" KILL R"("})",
        "Nov 23 07:41:32 host my tag: " KILL, "Nov 23 07:41:32 host x kernel: " KILL,
        "Nov 23 07:41:32 host a[7]: Kernel panic - not syncing: Out of memory: "
        "system-wide panic_on_oom is enabled"}) {
    const auto events = read_log(std::string(raw) + "\n").events;
    EXPECT_TRUE(events.empty()) << raw;
  }
}

TEST(Trust, HostileSamplesMakeNoEventOfTheKernel) {
  WHYOOM_SHARED_OR_SKIP(folder, "hostile");
  unsigned files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("forge-")) {
      ++files;
      EXPECT_TRUE(read_log(test::read_file(entry.path())).events.empty()) << entry.path();
    }
  }
  EXPECT_GE(files, 4U);
}

TEST(Trust, WhatAProgramHandedOnIsUnverified) {
  std::string docker;
  std::string cri;
  for (const std::string& line : split(sample_report(), '\n')) {
    docker += R"({"log":")" + line +
              R"(\n","stream":"stdout","time":"2026-11-23T07:41:32Z"})"
              "\n";
    cri += "2026-11-23T07:41:32.1Z stdout F " + line + "\n";
  }
  for (const std::string& log : {docker, cri}) {
    const auto events = read_log(log).events;
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].unverified.str(),
              "a program handed these lines on, and could have made them up");
    EXPECT_EQ(events[0].zones.size(), 2U);
    EXPECT_EQ(events[0].victims.size(), 1U);
  }
  const auto plain = read_log(sample_report()).events;
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_TRUE(plain[0].unverified.empty());
  const auto syslog = read_log(written(sample_report(), forms[2])).events;
  ASSERT_EQ(syslog.size(), 1U);
  EXPECT_TRUE(syslog[0].unverified.empty());
}

// The doubtful copy first, the other behind it: the other is told, and is not in doubt.
TEST(Trust, ADoubtfulCopyHidesNoEvent) {
  std::string doubtful;
  for (const std::string& line : split(sample_report(), '\n')) {
    doubtful += "2026-11-23T07:41:32.1Z stdout F " + line + "\n";
  }
  auto events = read_log(doubtful + "-- Reboot --\n" + sample_report()).events;
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const Report& event) { return event.unverified.empty(); }),
            1);
  events = read_log(sample_report() + doubtful + doubtful).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].unverified.empty());
}

// Lines of a user in between, of which each would be a part of a report if it were the kernel's,
// change nothing that harmless ones do not change.
TEST(Trust, LinesOfAUserInsideAReportChangeNothing) {
  constexpr std::string_view forged[] = {
      "Mem-Info:",
      "active_anon:1 inactive_anon:2 isolated_anon:3",
      "Node 0 DMA32 free:1kB min:2kB low:3kB high:4kB",
      "Node 0 Movable free:1kB min:2kB low:3kB high:4kB",
      "[     99]     0    99        1        1     4096        0             0 forged",
      "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/x,"
      "task_memcg=/x,task=x,pid=1,uid=0",
      KILL,
      "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
      "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled",
      "Missed 12 kernel messages",
      "last message repeated 3 times"};
  struct Author {
    const Form* form;
    std::function<std::string(std::string_view)> write;
  };
  const Author authors[] = {
      {&forms[2],
       [](std::string_view text) {
         return "Nov 23 07:41:32 host alice[7]: " + std::string(text) + "\n";
       }},
      {&forms[2],
       [](std::string_view text) {
         return "Nov 23 07:41:32 host alice: [  812.100000] " + std::string(text) + "\n";
       }},
      {&forms[4],
       [](std::string_view text) {
         return R"({"_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"kernel","MESSAGE":")" +
                std::string(text) + "\"}\n";
       }},
      {&forms[4],
       [](std::string_view text) {
         return R"({"_TRANSPORT":"stdout","_COMM":"sh","MESSAGE":"x\nhost kernel: [  812.100000] )" +
                std::string(text) + "\"}\n";
       }},
      {&forms[0],
       [](std::string_view text) {
         return "2026-11-23T07:41:32.1Z stdout F [  812.100000] " + std::string(text) + "\n";
       }},
  };
  for (const Author& author : authors) {
    for (const std::string_view text : forged) {
      SCOPED_TRACE(author.write(text));
      std::string with;
      std::string without;
      for (const Printed& line : printed(sample_report())) {
        with += author.form->write(line) + author.write(text);
        without += author.form->write(line) + author.write("hello");
      }
      auto events = assemble(with);
      std::erase_if(events, [](const Report& event) { return !event.unverified.empty(); });
      const auto wanted = assemble(without);
      ASSERT_EQ(events.size(), 1U);
      ASSERT_EQ(wanted.size(), 1U);
      EXPECT_EQ(describe(events[0]), describe(wanted[0]));
    }
  }
}

TEST(Trust, AFloodOfLinesDoesNotEndAReport) {
  std::string log;
  int at = 0;
  for (const Printed& line : printed(sample_report())) {
    log += in_syslog(line);
    if (++at == 20) {
      for (int i = 0; i < 6000; ++i) {
        log += "Nov 23 07:41:32 host alice[7]: hello\n";
      }
    }
  }
  const auto events = read_log(log).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].victims.size(), 1U);
  EXPECT_TRUE(missing_parts(events[0]).empty());
}

// prctl(PR_SET_NAME) takes any 15 bytes, and the kernel prints them as they are.
constexpr std::string_view names[] = {"x\nMem-Info:",
                                      "Mem-Info:",
                                      "\nMem-Info:",
                                      "x\nCall Trace:",
                                      "x\nDMA: 1*4kB",
                                      "DMA: 1*4kB",
                                      "x\nNode 0 ",
                                      "x\n1 pages RAM",
                                      "1 pages RAM",
                                      "x\nfree:1 slab:2",
                                      "x\n[pid]uid a b",
                                      "[1] 1 1 1 1 1",
                                      "x\n[1] 1 1 1 1",
                                      "x\nanon 5",
                                      "x\n,task=y,pid=1",
                                      "x\ncache: y",
                                      "x invoked oom-",
                                      "x invoked",
                                      ") total-vm:1kB",
                                      "a)) total-vm",
                                      "(a) score 1",
                                      "a] [b",
                                      "]",
                                      "[",
                                      "a,pid=1,uid=0",
                                      "[12.345678] x",
                                      "x [1.000000] y",
                                      "<4>",
                                      "kernel:",
                                      "systemd[1]:",
                                      "earlyoom[1]:",
                                      "Call Trace:",
                                      "Task in /x",
                                      "cpuset=/x",
                                      "x cpuset=/y",
                                      "Not tainted",
                                      " Not tainted 9",
                                      "x\n\n\nMem-Info:",
                                      "OOM victim",
                                      "vmalloc: ",
                                      "Killed process",
                                      "x\rMem-Info:",
                                      "a kernel:",
                                      "a b[1]:",
                                      "[T1]",
                                      "[C1]",
                                      "[  +0.000123]",
                                      "a\x1b[2Kb",
                                      "-- Boot 1 --",
                                      "x\nPanic#1 Part1"};

void expect_whole(const std::vector<Report>& events) {
  ASSERT_EQ(events.size(), 1U);
  const Report& event = events[0];
  EXPECT_EQ(event.kind, Kind::oom_kill);
  EXPECT_EQ(event.outcome, Outcome::killed);
  EXPECT_TRUE(event.trigger);
  EXPECT_EQ(event.trigger->order, 0);
  EXPECT_EQ(event.zones.size(), 2U);
  EXPECT_EQ(event.nodes.size(), 1U);
  EXPECT_EQ(event.totals.get(kernel::Field::free)->value, 6060U);
  EXPECT_EQ(event.tail.ram->value, 265592U);
  EXPECT_EQ(event.hugepages.size(), 1U);
  ASSERT_GE(event.tasks.size(), 2U);
  EXPECT_EQ(event.tasks[0].pid, 301);
  EXPECT_EQ(event.tasks.back().pid, 4711);
  ASSERT_EQ(event.victims.size(), 1U);
  EXPECT_EQ(event.victims[0].pid, 4711);
  EXPECT_EQ(event.constraint->kind, ConstraintKind::none);
}

TEST(Trust, TheNameOfAProcessNeitherDividesNorFeedsAReport) {
  for (const std::string_view name : names) {
    ASSERT_LE(name.size(), 15U) << name;
    for (const Form& form : forms) {
      SCOPED_TRACE(std::string(form.name) + ": " + std::string(name));
      expect_whole(assemble(written(replaced(sample_report(), "web srv", name), form)));
      // Of another process, in the table alone.
      expect_whole(assemble(written(replaced(sample_report(), "journald", name), form)));
    }
  }
}

// `logger -t kernel` makes the outer frame as the kernel's, and what is inside says what it likes.
TEST(Trust, AFrameInsideOfAnothersTakesNoPlaceOfIt) {
  const auto inner =
      read_log("Nov 23 07:41:32 host kernel: [Mon Nov 16 07:00:00 2026] " KILL "\n").events;
  ASSERT_EQ(inner.size(), 1U);
  EXPECT_EQ(inner[0].time.wall, "Nov 23 07:41:32");
  const auto json =
      read_log(R"(Nov 23 07:41:32 host kernel: {"_TRANSPORT":"kernel","_HOSTNAME":"db7",)"
               R"("__REALTIME_TIMESTAMP":"1764000000000000","MESSAGE":")" KILL "\"}\n")
          .events;
  ASSERT_EQ(json.size(), 1U);
  EXPECT_FALSE(json[0].unverified.empty());
  // A tool's time in front of the log's own is another thing.
  const auto tool = read_log("2026-11-23T08:00:00Z [Mon Nov 16 07:00:00 2026] " KILL "\n").events;
  ASSERT_EQ(tool.size(), 1U);
  EXPECT_EQ(tool[0].time.wall, "Mon Nov 16 07:00:00 2026");
}

// A cgroup's name can have 255 bytes of anything but a slash and, since 3.17, a newline.
TEST(Trust, TheNameOfACgroupMakesNoPart) {
  constexpr std::string_view paths[] = {
      KILL,
      "x#012" KILL,
      "x [  812.100001] " KILL,
      "x,task=init,pid=1,uid=0",
      "x,oom_memcg=,task_memcg=y",
      "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=,mems_allowed=0,oom_memcg=y",
      "Memory cgroup stats for y: cache:1KB rss:2KB",
      "y invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
      "y: page allocation failure: order:9, mode:0xcc0",
      "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled",
      "Tasks in y are going to be killed due to memory.oom.group set"};
  for (const std::string_view path : paths) {
    ASSERT_LE(path.size(), 255U);
    for (const Form& form : forms) {
      SCOPED_TRACE(std::string(form.name) + ": " + std::string(path));
      const std::string log =
          replaced(sample_report(), "/system.slice/web.service", "/" + std::string(path));
      const auto events = assemble(written(log, form));
      expect_whole(events);
      ASSERT_EQ(events.size(), 1U);
      EXPECT_FALSE(events[0].memcg);
      EXPECT_FALSE(events[0].panic);

      const auto fork = assemble(written(
          "[  812.100001] cgroup: fork rejected by pids controller in /" + std::string(path) + "\n",
          form));
      ASSERT_EQ(fork.size(), 1U);
      EXPECT_EQ(fork[0].kind, Kind::fork_rejected);
    }
  }
}

TEST(Trust, NamesThatHoldTheKeysOfTheirLineAreNotKept) {
  const auto events = assemble(
      replaced(sample_report(), "task_memcg=/system.slice", "task_memcg=/x,task_memcg=/y"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].constraint->task_memcg, "");
  EXPECT_EQ(events[0].constraint->pid, 4711);
  ASSERT_EQ(events[0].damage.size(), 1U);
  EXPECT_EQ(events[0].damage[0].what,
            "a name in the constraint line holds the words of the line itself");
}

TEST(Trust, ADaemonsRecordIsItsServicesOwn) {
  const auto kill = [](std::string_view fields) {
    return read_log(R"({"MESSAGE":"sending SIGTERM to process 42 uid 1000 \"bun\": badness 712, )"
                    R"(VmRSS 4514 MiB","SYSLOG_IDENTIFIER":"earlyoom")" +
                    std::string(fields) + "}\n")
        .events;
  };
  for (const std::string_view own :
       {R"(,"_TRANSPORT":"stdout","_UID":"61234","_SYSTEMD_UNIT":"earlyoom.service")",
        R"(,"_TRANSPORT":"stdout","_UID":"0","_SYSTEMD_UNIT":"early.service")",
        R"(,"_TRANSPORT":"stdout")"}) {
    const auto events = kill(own);
    ASSERT_EQ(events.size(), 1U) << own;
    EXPECT_TRUE(events[0].unverified.empty()) << own;
  }
  const auto forged =
      kill(R"(,"_TRANSPORT":"syslog","_UID":"1000","_SYSTEMD_UNIT":"user@1000.service")");
  ASSERT_EQ(forged.size(), 1U);
  EXPECT_EQ(forged[0].unverified.str(), "user 1000 wrote this in the name of earlyoom");
  // A record of another program with such a line inside of it is that program's.
  EXPECT_TRUE(
      read_log(R"({"MESSAGE":"Nov 23 07:41:32 host earlyoom[7]: sending SIGTERM to process )"
               R"(42 uid 1000 \"bun\": badness 712","_TRANSPORT":"syslog"})"
               "\n")
          .events.empty());
}

}  // namespace
}  // namespace whyoom::report
