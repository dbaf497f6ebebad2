#include "report/assembler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using kernel::Field;
using testing::assemble;
using testing::killed_line;
using testing::lines_of;
using testing::sample_failure;
using testing::sample_report;
using testing::text_of;

std::string interleaved(const std::string& a, const std::string& b) {
  const auto first = lines_of(a);
  const auto second = lines_of(b);
  std::vector<std::string> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) {
      mixed.push_back(first[i]);
    }
    if (i < second.size()) {
      mixed.push_back(second[i]);
    }
  }
  return text_of(mixed);
}

using Names = std::vector<std::string>;

TEST(Assembler, ReadsEveryPartOfAWholeReport) {
  const auto events = assemble(sample_report());
  ASSERT_EQ(events.size(), 1U);
  const Report& r = events[0];
  EXPECT_EQ(r.kind, Kind::oom_kill);
  EXPECT_EQ(r.outcome, Outcome::killed);
  EXPECT_EQ(missing_parts(r), Names{});
  EXPECT_TRUE(r.damage.empty());
  EXPECT_EQ(r.first_line, 1U);
  EXPECT_EQ(r.last_line, 47U);
  EXPECT_EQ(r.time.monotonic_us, 812100000U);
  EXPECT_EQ(r.trigger->comm, "web srv");
  EXPECT_EQ(r.trigger->pid, 4711);
  EXPECT_EQ(r.stack->release, "6.5.0-44-generic");
  EXPECT_EQ(r.stack->functions,
            (Names{"dump_stack_lvl", "dump_header", "oom_kill_process", "out_of_memory"}));
  EXPECT_EQ(r.totals.get(Field::free)->value, 6060U);
  EXPECT_EQ(r.totals.get(Field::free)->at.line, 20U);
  ASSERT_EQ(r.nodes.size(), 1U);
  EXPECT_EQ(r.nodes[0].fields.get(Field::anon_thp)->value, 2048U);
  ASSERT_EQ(r.zones.size(), 2U);
  EXPECT_EQ(r.zones[1].fields.get(Field::boost)->value, 2048U);
  EXPECT_EQ(r.zones[0].lowmem_reserve, (std::vector<std::uint64_t>{0, 930, 930, 930, 930}));
  EXPECT_EQ(r.zones[0].lowmem_reserve_at.line, 23U);
  EXPECT_EQ(r.zones[1].buddy[1].count, 500U);
  EXPECT_EQ(r.zones[1].buddy_total_kib->value, 20140U);
  EXPECT_EQ(r.hugepages.at(0).free, 1U);
  EXPECT_EQ(r.tail.ram->value, 265592U);
  ASSERT_EQ(r.slab.size(), 2U);
  EXPECT_EQ(r.slab[1].total_kib, 71U);
  ASSERT_EQ(r.tasks.size(), 2U);
  EXPECT_EQ(r.tasks[1].comm, "web srv");
  EXPECT_EQ(r.tasks[1].swapents, 118U);
  EXPECT_EQ(r.constraint->task_memcg, "/system.slice/web.service");
  ASSERT_EQ(r.victims.size(), 1U);
  EXPECT_TRUE(r.victims[0].reaped);
  EXPECT_EQ(r.victims[0].monotonic_us, 812100045U);
}

TEST(Assembler, MixedLinesOfTwoCpusComeApart) {
  for (const bool callers : {true, false}) {
    for (const bool failure_first : {true, false}) {
      SCOPED_TRACE(callers);
      SCOPED_TRACE(failure_first);
      const std::string oom = sample_report(callers ? "T4711" : "");
      const std::string failure = sample_failure(callers ? "T12" : "");
      const auto alone = assemble(oom);
      const auto events =
          assemble(failure_first ? interleaved(failure, oom) : interleaved(oom, failure));
      ASSERT_EQ(events.size(), 2U);
      const Report& kill = events[failure_first ? 1 : 0];
      const Report& fail = events[failure_first ? 0 : 1];
      EXPECT_EQ(kill.kind, Kind::oom_kill);
      EXPECT_EQ(fail.kind, Kind::page_allocation_failure);
      EXPECT_EQ(missing_parts(kill), Names{});
      EXPECT_EQ(missing_parts(fail), Names{});
      EXPECT_EQ(kill.trigger->pid, 4711);
      EXPECT_EQ(fail.trigger->pid, 12);
      EXPECT_EQ(kill.totals.get(Field::free)->value, 6060U);
      EXPECT_EQ(fail.totals.get(Field::free)->value, 9090U);
      ASSERT_EQ(kill.zones.size(), 2U);
      ASSERT_EQ(fail.zones.size(), 2U);
      EXPECT_EQ(kill.zones[1].fields.get(Field::free)->value, 20140U);
      EXPECT_EQ(fail.zones[1].fields.get(Field::free)->value, 77777U);
      EXPECT_EQ(kill.zones[1].buddy.size(), 11U);
      EXPECT_EQ(fail.zones[1].lowmem_reserve.size(), 5U);
      EXPECT_EQ(kill.tasks.size(), 2U);
      EXPECT_TRUE(fail.tasks.empty());
      EXPECT_EQ(kill.victims.size(), alone[0].victims.size());
      // Without callers it was a guess, however good.
      EXPECT_EQ(kill.mixed_at.has_value(), !callers);
      EXPECT_EQ(fail.mixed_at.has_value(), !callers);
    }
  }
}

// Of two kernels that nothing tells apart: what each line says is sure, whose it is is not.
TEST(Assembler, TwoReportsLineByLineAreKnownToBeMixed) {
  const std::string one = sample_report();
  std::string other = replaced(one, "free:6060", "free:9090");
  other = replaced(other, "DMA32 free:20140kB", "DMA32 free:77777kB");
  other = replaced(other, "265592 pages RAM", "131072 pages RAM");
  for (const bool runs : {false, true}) {
    const auto left = lines_of(one);
    const auto right = lines_of(other);
    std::vector<std::string> mixed;
    const std::size_t most = runs ? 7 : 1;
    for (std::size_t at = 0; at < left.size(); at += most) {
      for (const auto* from : {&left, &right}) {
        for (std::size_t i = at; i < std::min(at + most, left.size()); ++i) {
          mixed.push_back((*from)[i]);
        }
      }
    }
    const auto events = assemble(text_of(mixed));
    for (const Report& event : events) {
      if (!event.totals.empty() || !event.zones.empty()) {
        EXPECT_TRUE(event.mixed_at) << "runs " << runs;
        EXPECT_FALSE(event.damage.empty());
      }
    }
  }
  // One after the other they are not, also when the head of the second is lost.
  const auto lines = lines_of(other);
  for (const auto& event : assemble(one + text_of({lines.begin() + 12, lines.end()}))) {
    EXPECT_FALSE(event.mixed_at);
  }
}

// The second CPU overtakes the first: only the caller ids tell whose lines are whose.
TEST(Assembler, CallerIdsDecideWhereThePartsDoNot) {
  const auto slow = lines_of(sample_report("T4711"));
  const auto fast = lines_of(sample_failure("T12"));
  std::vector<std::string> mixed{slow[0], fast[0], slow[1]};
  mixed.insert(mixed.end(), fast.begin() + 1, fast.end());
  mixed.insert(mixed.end(), slow.begin() + 2, slow.end());
  const auto events = assemble(text_of(mixed));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(missing_parts(events[0]), Names{});
  EXPECT_EQ(missing_parts(events[1]), Names{});
  EXPECT_EQ(events[0].totals.get(Field::free)->value, 6060U);
  EXPECT_EQ(events[0].zones.at(1).fields.get(Field::free)->value, 20140U);
  EXPECT_EQ(events[1].totals.get(Field::free)->value, 9090U);
  EXPECT_EQ(events[1].zones.at(1).fields.get(Field::free)->value, 77777U);
}

TEST(Assembler, AFailureAfterTheKillIsAnEventOfItsOwn) {
  const auto lines = lines_of(sample_report());
  // The reaper speaks when the failure is long printed.
  std::string log =
      text_of({lines.begin(), lines.end() - 1}) + sample_failure() + lines.back() + "\n";
  const auto events = assemble(log);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_TRUE(events[0].victims.at(0).reaped);
  EXPECT_EQ(events[0].totals.get(Field::free)->value, 6060U);
  EXPECT_EQ(events[1].totals.get(Field::free)->value, 9090U);
}

TEST(Assembler, AReportThatWasCutShortDoesNotTakeTheLinesOfTheNext) {
  const auto lines = lines_of(sample_report());
  for (const std::size_t keep : {1UL, 2UL, 6UL, 12UL, 14UL, 22UL, 30UL}) {
    SCOPED_TRACE(keep);
    const std::string log =
        text_of({lines.begin(), lines.begin() + static_cast<long>(keep)}) + sample_failure();
    const auto events = assemble(log);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(missing_parts(events[1]), Names{});
    EXPECT_EQ(events[1].totals.get(Field::free)->value, 9090U);
    EXPECT_EQ(events[1].zones.at(1).fields.get(Field::free)->value, 77777U);
  }
}

TEST(Assembler, CutHeadsAreEventsThatLackTheirHeader) {
  const auto lines = lines_of(sample_report());
  for (std::size_t from = 11; from + 1 < lines.size(); ++from) {
    SCOPED_TRACE(lines[from]);
    const auto events = assemble(text_of({lines.begin() + static_cast<long>(from), lines.end()}));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_FALSE(events[0].trigger);
    const auto lacks = missing_parts(events[0]);
    EXPECT_NE(std::find(lacks.begin(), lacks.end(), "header"), lacks.end());
    EXPECT_EQ(events[0].victims.size(), 1U);
    EXPECT_EQ(events[0].outcome, Outcome::killed);
  }
}

TEST(Assembler, CutTailsAreEventsThatLackTheirVictim) {
  const auto lines = lines_of(sample_report());
  for (std::size_t to = 1; to < 45; ++to) {
    SCOPED_TRACE(lines[to]);
    const auto events = assemble(text_of({lines.begin(), lines.begin() + static_cast<long>(to)}));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].trigger->comm, "web srv");
    EXPECT_EQ(events[0].outcome, Outcome::unknown);
    const auto lacks = missing_parts(events[0]);
    EXPECT_NE(std::find(lacks.begin(), lacks.end(), "victim"), lacks.end());
  }
}

TEST(Assembler, AnyLineCanBeLost) {
  const auto lines = lines_of(sample_report());
  for (std::size_t lost = 0; lost < lines.size(); ++lost) {
    SCOPED_TRACE(lines[lost]);
    auto rest = lines;
    rest.erase(rest.begin() + static_cast<long>(lost));
    const auto events = assemble(text_of(rest));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, Kind::oom_kill);
    EXPECT_EQ(events[0].victims.size(), 1U);  // two lines name it
    EXPECT_FALSE(events[0].mixed_at);
    EXPECT_EQ(events[0].zones.size(), lines[lost].find(" free:") != std::string::npos &&
                                              lines[lost].find("Node 0 DMA") != std::string::npos
                                          ? events[0].zones.size()
                                          : 2U);
  }
}

TEST(Assembler, VictimsOfARateLimitedBurstBelongToTheReport) {
  const std::string log = sample_report() + killed_line("  815.000001", 21) +
                          killed_line("  818.000001", 22) + "[  819.000001] eth0: link up\n";
  const auto events = assemble(log);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].victims.size(), 3U);
  EXPECT_EQ(events[0].victims[2].pid, 22);
}

TEST(Assembler, LaterOrOtherVictimsAreEventsOfTheirOwn) {
  const auto late = assemble(sample_report() + killed_line("  840.000001", 21));
  ASSERT_EQ(late.size(), 2U);
  EXPECT_EQ(missing_parts(late[1]), (Names{"header", "mem-info", "zones", "tasks", "constraint"}));
  const auto cgroup =
      assemble(sample_report() + killed_line("  813.000001", 21, "Memory cgroup out of memory"));
  ASSERT_EQ(cgroup.size(), 2U);
  EXPECT_EQ(cgroup[1].kind, Kind::memcg_oom_kill);
  // Without times it is the distance in lines.
  std::string gap;
  for (int i = 0; i < 150; ++i) {
    gap += "some other line\n";
  }
  EXPECT_EQ(assemble("Out of memory: Killed process 1 (a).\nOut of memory: Killed process 2 (b).\n")
                .size(),
            1U);
  EXPECT_EQ(assemble("Out of memory: Killed process 1 (a).\n" + gap +
                     "Out of memory: Killed process 2 (b).\n")
                .size(),
            2U);
}

}  // namespace
}  // namespace whyoom::report
